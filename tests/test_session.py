"""Sessions in signed cookies."""

import asyncio
import hashlib
import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from itsdangerous import TimestampSigner, URLSafeTimedSerializer

from japy import Application, Request, Response
from japy.client import ClientResponse
from japy.debug.glimpse import masked
from japy.session import DAY_S, Session, Sessions

SECRET = "a secret of more than enough bytes"
OTHER = b"another secret, as bytes, of enough"


class OldSigner(TimestampSigner):
    """Signs as somebody did three weeks ago."""

    def get_timestamp(self) -> int:
        return int(time.time()) - 21 * DAY_S


class EarlySigner(TimestampSigner):
    """Signs as somebody will whose clock is wrong."""

    def get_timestamp(self) -> int:
        return int(time.time()) + DAY_S


def app_with(secret: Any = SECRET, **settings: Any) -> Application:
    """Return an application with handlers that read and change a session."""
    app = Application()
    sessions = Sessions(app, secret=secret, **settings)

    @app.get("/read")
    def read(request: Any) -> Response:
        return Response(json.dumps(request.session))

    @app.get("/count")
    def count(request: Request) -> Response:
        session = sessions.of(request)
        session["count"] = session.get("count", 0) + 1
        return Response(str(session["count"]))

    @app.get("/nested")
    async def nested(request: Request) -> Response:
        await asyncio.sleep(0)
        sessions.of(request).setdefault("items", []).append(len("x"))
        return Response(json.dumps(sessions.of(request)))

    @app.get("/touch")
    def touch(request: Any) -> Response:
        request.session["count"] = request.session.get("count")
        del request.session["count"]
        return Response("touched")

    @app.get("/clear")
    def clear(request: Any) -> Response:
        request.session.clear()
        return Response("cleared")

    @app.get("/fail")
    def fail(request: Any) -> Response:
        request.session["failed"] = True
        raise KeyError("on purpose")

    @app.get("/large")
    def large(request: Any) -> Response:
        request.session["data"] = hashlib.shake_256(b"").hexdigest(4096)
        return Response("large")

    @app.get("/odd")
    def odd(request: Any) -> Response:
        request.session["data"] = object()
        return Response("odd")

    app.get("/none")(lambda request: Response("none"))
    return app


def ask(app: Application, target: str, cookie: str | None = None) -> ClientResponse:
    """Return the answer to one request, with the value of the session's cookie."""
    with app.test_client() as client:
        cookies = None if cookie is None else {"session": cookie}
        return client.get(target, cookies=cookies)


def forged(
    value: object, signer: type[TimestampSigner] = TimestampSigner, secret: str | bytes = SECRET
) -> str:
    """Return a cookie that was signed at another time or by somebody else."""
    kwargs = {"key_derivation": "hmac", "digest_method": hashlib.sha256}
    salt = "japy.session session"
    serializer = URLSafeTimedSerializer(secret, salt=salt, signer=signer, signer_kwargs=kwargs)
    return str(serializer.dumps(value))


# What is remembered.


def test_a_session_is_remembered() -> None:
    with app_with().test_client() as client:
        assert [client.get("/count").text for _ in range(3)] == ["1", "2", "3"]
        assert client.get("/read").json == {"count": 3}


def test_the_cookie_has_the_attributes_of_one_that_is_safe() -> None:
    (line,) = ask(app_with(), "/count").headers.getlist("Set-Cookie")
    value, *attributes = line.split("; ")
    assert value.startswith("session=ey")
    assert sorted(attributes) == ["HttpOnly", "Max-Age=1209600", "Path=/", "SameSite=Lax"]


def test_the_attributes_may_be_chosen() -> None:
    app = app_with(
        cookie="__Secure-s", max_age=60, path="/", domain="x.test", secure=True, samesite="none"
    )
    (line,) = ask(app, "/count").headers.getlist("Set-Cookie")
    value, *attributes = line.split("; ")
    assert value.startswith("__Secure-s=")
    assert sorted(attributes) == [
        "Domain=x.test", "HttpOnly", "Max-Age=60", "Path=/", "SameSite=None", "Secure",
    ]  # fmt: skip


def test_changes_inside_count() -> None:
    with app_with().test_client() as client:
        assert client.get("/nested").json == {"items": [1]}
        assert client.get("/nested").json == {"items": [1, 1]}


def test_what_was_not_changed_is_not_sent() -> None:
    app = app_with()
    for target in ("/read", "/touch"):
        assert "Set-Cookie" not in ask(app, target).headers
    assert "Set-Cookie" not in ask(app, "/read", forged({"count": 1})).headers


def test_a_session_that_is_used_may_be_kept_alive() -> None:
    app = app_with(refresh=True)
    with app.test_client() as client:
        assert "Set-Cookie" not in client.get("/read").headers
        client.get("/count")
        assert client.get("/read").cookies.keys() == {"session"}
        assert "Set-Cookie" not in client.get("/none").headers


def test_a_session_that_was_emptied_is_forgotten() -> None:
    with app_with(path="/").test_client() as client:
        client.get("/count")
        (line,) = client.get("/clear").headers.getlist("Set-Cookie")
        value, *attributes = line.split("; ")
        assert value == "session="
        assert sorted(attributes) == ["HttpOnly", "Max-Age=0", "Path=/", "SameSite=Lax"]
        assert client.cookies == {}
        assert "Set-Cookie" not in client.get("/clear").headers


def test_answers_that_depend_on_it_say_so() -> None:
    app = app_with()
    for target in ("/read", "/count", "/clear", "/fail"):
        assert ask(app, target).headers["Vary"] == "Cookie"
    for target in ("/none", "/missing"):
        assert "Vary" not in ask(app, target).headers


def test_an_error_keeps_what_was_changed_before() -> None:
    with app_with().test_client() as client:
        answer = client.get("/fail")
        assert answer.code == 500
        assert client.get("/read").json == {"failed": True}


def test_an_error_handler_has_the_session_too() -> None:
    app = app_with()

    def explain(request: Any, error: Exception) -> Response:
        request.session["seen"] = request.path
        return Response("explained", 404)

    app.add_error_handler(None, explain)
    with app.test_client() as client:
        client.get("/missing")
        assert client.get("/read").json == {"seen": "/missing"}


def test_requests_of_one_connection_do_not_mix() -> None:
    app = app_with()
    cookies = [forged({"count": i}) for i in (10, 20, 30)]
    data = b"".join(
        f"GET /{target} HTTP/1.1\r\nHost: x\r\nCookie: session={cookie}\r\n\r\n".encode()
        for target, cookie in zip(["count", "nested", "count"], cookies, strict=True)
    )
    with app.test_client() as client:
        received = client.raw(data)
    bodies = [part.partition(b"\r\n\r\n")[2] for part in received.split(b"HTTP/1.1 ")[1:]]
    assert bodies == [b"11", b'{"count": 20, "items": [1]}', b"31"]
    assert received.count(b"Set-Cookie: session=") == 3


def test_an_answer_that_is_kept_stays_as_it_was() -> None:
    app = Application()
    sessions = Sessions(app, secret=SECRET)
    constant = Response("constant")

    def handler(request: Request) -> Response:
        sessions.of(request)["id"] = 7
        return constant

    app.get("/")(handler)
    assert "Set-Cookie" in ask(app, "/").headers
    assert "Set-Cookie" not in constant.headers


def test_two_kinds_of_sessions_do_not_mix() -> None:
    app = Application()
    short = Sessions(app, secret=SECRET, cookie="short", max_age=60)
    long = Sessions(app, secret=SECRET, cookie="long")

    @app.get("/")
    def handler(request: Request) -> Response:
        short.of(request)["a"] = 1
        return Response(json.dumps([short.of(request), long.of(request)]))

    with app.test_client() as client:
        answer = client.get("/")
        assert answer.cookies.keys() == {"short"}
        stolen = {"long": answer.cookies["short"]}
        assert client.get("/", cookies=stolen).json == [{"a": 1}, {}]


# What is not believed.


@pytest.mark.parametrize(
    "cookie",
    [
        "",
        "garbage",
        "a.b",
        "a.b.c",
        "....",
        "e30",
        "e30.aaaaaa.bbbb",
        "%00%ff",
        "\u00e9",
        "x" * 4000,
        forged({"count": 5})[:-1],
        "." + forged({"count": 5}),
        forged({"count": 5}).replace(".", "", 1),
        forged({"count": 5}, OldSigner),
        forged({"count": 5}, EarlySigner),
        forged({"count": 5}, secret=OTHER),
        forged(["count"]),
        forged(None),
        forged("count"),
    ],
    ids=range(19),  # the time is in some
)
def test_what_does_not_carry_a_valid_signature_is_no_session(cookie: str) -> None:
    answer = ask(app_with(), "/read", cookie)
    assert (answer.code, answer.json) == (200, {})
    assert "Set-Cookie" not in answer.headers
    assert ask(app_with(), "/count", cookie).text == "1"


@pytest.mark.parametrize("place", range(0, 60, 7))
def test_no_character_may_be_changed(place: int) -> None:
    cookie = forged({"user": 5, "admin": False})
    assert ask(app_with(), "/read", cookie).json == {"user": 5, "admin": False}
    place %= len(cookie)
    other = "A" if cookie[place] != "A" else "B"
    assert ask(app_with(), "/read", cookie[:place] + other + cookie[place + 1 :]).json == {}


def test_a_secret_may_be_changed() -> None:
    with app_with(OTHER).test_client() as client:
        old = client.get("/count").cookies["session"]
    both = app_with([SECRET, OTHER])
    assert ask(both, "/read", old).json == {"count": 1}
    new = ask(both, "/count", old).cookies["session"]
    assert ask(app_with(SECRET), "/read", new).json == {"count": 2}
    assert ask(app_with(OTHER), "/read", new).json == {}
    assert ask(app_with(SECRET), "/read", old).json == {}


# What goes wrong.


def test_a_session_that_is_too_large_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    answer = ask(app_with(), "/large")
    assert answer.code == 500
    assert "Set-Cookie" not in answer.headers
    assert "ValueError: the cookie of the session would have " in str(caplog.text)
    assert "keep what is large in a database, and its key in the session" in caplog.text
    assert masked(caplog.text) == caplog.text  # nor does the page for developers hide it


def test_a_session_that_json_does_not_know_is_an_error(caplog: pytest.LogCaptureFixture) -> None:
    assert ask(app_with(), "/odd").code == 500
    assert "TypeError: Object of type object is not JSON serializable" in caplog.text


@pytest.mark.parametrize(
    ("secret", "message"),
    [
        ("", "expected 16 bytes or more; got 0. Make one: python -c"),
        ("short", "expected 16 bytes or more; got 5"),
        (b"short", "expected 16 bytes or more; got 5"),
        ([SECRET, "short"], "expected 16 bytes or more; got 5"),
        ([], "expected one at least; got none. Make one: python -c"),
    ],
)
def test_a_secret_that_can_be_guessed_is_refused(secret: Any, message: str) -> None:
    with pytest.raises(ValueError, match="secret: ") as caught:
        Sessions(Application(), secret=secret)
    assert message in str(caught.value)


@pytest.mark.parametrize("secret", [None, 3, [None], {SECRET: 1}])
def test_a_secret_is_text(secret: Any) -> None:
    with pytest.raises(TypeError, match="secret: expected str or bytes; got "):
        Sessions(Application(), secret=secret)


@pytest.mark.parametrize(
    "settings",
    [
        {"samesite": "none"},
        {"samesite": "loose"},
        {"cookie": "a b"},
        {"cookie": "__Host-s"},
        {"path": "no-slash"},
        {"domain": "a b"},
        {"max_age": 0},
        {"max_age": -1},
        {"max_age": True},
        {"max_age": "60"},
    ],
)
def test_settings_that_browsers_refuse_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\S"):
        Sessions(Application(), secret=SECRET, **settings)


# The dict.


def change(key: str, value: object) -> Callable[[Session], None]:
    """Return what puts something into a session."""
    return lambda session: session.__setitem__(key, value)


@pytest.mark.parametrize(
    ("touch", "is_changed"),
    [
        (lambda session: session.get("a"), False),
        (change("a", [1]), False),
        (change("a", [2]), True),
        (lambda session: session["a"].append(2), True),
        (lambda session: session.pop("a"), True),
        (lambda session: session.update(b=1), True),
        (lambda session: session.update(), False),
    ],
)
def test_a_session_knows_whether_it_was_changed(
    touch: Callable[[Session], object], is_changed: bool
) -> None:
    session = Session({"a": [1]}, is_new=False)
    touch(session)
    assert session.is_changed == is_changed


def test_a_session_knows_whether_it_is_new() -> None:
    app = Application()
    sessions = Sessions(app, secret=SECRET)
    app.get("/")(lambda request: Response(str(sessions.of(request).is_new)))
    assert ask(app, "/").text == "True"
    assert ask(app, "/", forged({})).text == "False"
    assert ask(app, "/", "garbage").text == "True"
