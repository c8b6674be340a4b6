"""CORS: which pages of other origins may read answers, errors included."""

import re
from typing import Any

import pytest

from japy import Application, BadRequest, Request, Response
from japy.client import ClientResponse
from japy.cors import CORS

PAGE = "https://page.example"
OTHER = "https://other.example:8443"
CONSTANT = Response("constant", headers={"Vary": "Accept"})


def hello(request: Request) -> Response:
    """Be a handler."""
    return request.Response("hello")


async def late(request: Request) -> Response:
    """Be an asynchronous handler."""
    return request.Response("late")


def fail(request: Request) -> Response:
    """Be a handler that fails."""
    raise KeyError("on purpose")


def refuse(request: Request) -> Response:
    """Be a handler that refuses."""
    raise BadRequest("no such page size")


def app_with(origins: Any = (PAGE,), **settings: Any) -> Application:
    """Return an application with some routes, and CORS."""
    app = Application()
    app.get("/")(hello)
    app.get("/late")(late)
    app.get("/fail")(fail)
    app.post("/refuse")(refuse)
    app.get("/constant")(lambda request: CONSTANT)
    app.router.add_route("/any/{id:int}", hello)
    app.options("/own")(lambda request: Response("own", headers={"Allow": "BREW"}))
    CORS(app, origins, **settings)
    return app


def ask(
    app: Application, target: str = "/", origin: str | None = PAGE, method: str = "GET", **more: str
) -> ClientResponse:
    """Return the answer to one request; of `more`, underscores in names stand for hyphens."""
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    if origin is not None:
        headers["Origin"] = origin
    with app.test_client() as client:
        return client.request(method, target, headers=headers)


def preflight(
    app: Application, target: str = "/", asked: str = "GET", origin: str = PAGE, **more: str
) -> ClientResponse:
    """Return the answer to a preflight."""
    more["Access_Control_Request_Method"] = asked
    return ask(app, target, origin, "OPTIONS", **more)


def allowed(answer: ClientResponse) -> dict[str, str]:
    """Return the CORS fields of an answer, without what their names have in common."""
    return {
        name.removeprefix("Access-Control-"): value
        for name, value in answer.headers.items()
        if name.startswith("Access-Control-")
    }


# Answers.


@pytest.mark.parametrize(
    ("target", "method", "code"),
    [
        ("/", "GET", 200),
        ("/", "HEAD", 200),
        ("/late", "GET", 200),
        ("/any/7", "PUT", 200),
        ("/missing", "GET", 404),
        ("/any/x", "GET", 404),
        ("/", "DELETE", 405),
        ("/refuse", "POST", 400),
        ("/fail", "GET", 500),
        ("/", "OPTIONS", 204),
        ("/own", "OPTIONS", 200),
    ],
)
def test_every_answer_may_be_read(target: str, method: str, code: int) -> None:
    answer = ask(app_with(), target, PAGE, method)
    assert answer.code == code
    assert allowed(answer) == {"Allow-Origin": PAGE}
    assert answer.headers["Vary"] == "Origin"


@pytest.mark.parametrize("target", ["/", "/late", "/missing", "/fail"])
@pytest.mark.parametrize("origin", [None, OTHER, "null", "https://page.example.evil", ""])
def test_other_pages_may_not_read_and_caches_know(target: str, origin: str | None) -> None:
    answer = ask(app_with(), target, origin)
    assert allowed(answer) == {}
    assert answer.headers["Vary"] == "Origin"


def test_an_answer_that_is_kept_stays_as_it_was() -> None:
    app = app_with()
    for _ in range(2):
        answer = ask(app, "/constant")
        assert answer.headers["Vary"] == "Accept, Origin"
    assert CONSTANT.headers == {"Vary": "Accept", "Content-Type": "text/plain; charset=utf-8"}


def test_a_field_of_the_handlers_is_replaced() -> None:
    app = Application()
    headers = {"Access-Control-Allow-Origin": "*", "Vary": "*"}
    app.get("/")(lambda request: Response("x", headers=headers))
    CORS(app, [PAGE])
    answer = ask(app)
    assert answer.headers.getlist("Access-Control-Allow-Origin") == [PAGE]
    assert answer.headers["Vary"] == "*"


def test_every_origin_may_be_allowed() -> None:
    for origin in (PAGE, OTHER, "null", None):
        answer = ask(app_with("*"), "/", origin)
        assert allowed(answer) == {"Allow-Origin": "*"}
        assert "Vary" not in answer.headers


def test_origins_may_match_a_pattern() -> None:
    app = app_with((), origin_pattern=r"https://[a-z]+\.page\.example(:\d+)?")
    for origin in ("https://a.page.example", "https://b.page.example:81"):
        assert allowed(ask(app, "/", origin)) == {"Allow-Origin": origin}
    for origin in (PAGE, "https://a.page.example.evil", "xhttps://a.page.example"):
        assert allowed(ask(app, "/", origin)) == {}
    both = app_with([OTHER], origin_pattern=re.compile("HTTPS://PAGE[.].*", re.IGNORECASE))
    for origin in (OTHER, PAGE):
        assert allowed(ask(both, "/", origin)) == {"Allow-Origin": origin}


def test_null_is_an_origin_if_it_is_listed() -> None:
    app = app_with([PAGE, "null"])
    assert allowed(ask(app, "/", "null")) == {"Allow-Origin": "null"}


def test_credentials_and_exposed_fields() -> None:
    app = app_with(credentials=True, expose=["X-Total", "ETag"])
    for target in ("/", "/missing", "/fail"):
        assert allowed(ask(app, target)) == {
            "Allow-Origin": PAGE,
            "Allow-Credentials": "true",
            "Expose-Headers": "X-Total, ETag",
        }
        assert allowed(ask(app, target, OTHER)) == {}


def test_two_origins_in_one_field_are_none() -> None:
    assert allowed(ask(app_with(), "/", f"{PAGE}, {PAGE}")) == {}


# Preflights.


def test_a_preflight_is_answered() -> None:
    answer = preflight(app_with())
    assert (answer.code, answer.body) == (204, b"")
    assert allowed(answer) == {
        "Allow-Origin": PAGE,
        "Allow-Methods": "GET",
        "Max-Age": "600",
    }
    vary = "Access-Control-Request-Method, Access-Control-Request-Headers, Origin"
    assert answer.headers["Vary"] == vary


@pytest.mark.parametrize(
    ("target", "asked", "methods"),
    [
        ("/", "GET", "GET"),
        ("/", "HEAD", "GET, HEAD"),
        ("/", "DELETE", "GET, HEAD, OPTIONS"),
        ("/refuse", "POST", "POST"),
        ("/any/7", "PATCH", "PATCH"),
        ("/any/7?x=1", "BREW", "BREW"),
        ("/missing", "DELETE", "DELETE"),
        ("/own", "GET", "OPTIONS"),
    ],
)
def test_the_methods_are_those_of_the_route(target: str, asked: str, methods: str) -> None:
    answer = preflight(app_with(), target, asked)
    assert answer.code == 204
    assert allowed(answer)["Allow-Methods"] == methods


def test_the_methods_may_be_given() -> None:
    app = app_with(methods=["GET", "BREW"])
    assert allowed(preflight(app, "/", "DELETE"))["Allow-Methods"] == "GET, BREW"


def test_a_method_that_is_none_is_not_allowed() -> None:
    answer = preflight(app_with(), "/", "G T")
    assert answer.code == 204
    assert allowed(answer)["Allow-Methods"] == ""


@pytest.mark.parametrize(
    ("settings", "asked", "headers"),
    [
        ({}, "content-type, x-thing", "content-type, x-thing"),
        ({}, "a b, c:d, x-ok,,", "x-ok"),
        ({}, "", None),
        ({"headers": ["X-Thing", "Content-Type"]}, "x-other", "X-Thing, Content-Type"),
        ({"headers": "X-Thing, X-Other"}, "", "X-Thing, X-Other"),
        ({"headers": []}, "x-other", None),
    ],
)
def test_the_fields_that_a_page_may_send(
    settings: dict[str, Any], asked: str, headers: str | None
) -> None:
    answer = preflight(app_with(**settings), Access_Control_Request_Headers=asked)
    assert answer.code == 204
    assert allowed(answer).get("Allow-Headers") == headers


def test_a_preflight_of_another_page_is_refused() -> None:
    answer = preflight(app_with(), origin=OTHER)
    assert answer.code == 403
    assert answer.text == "CORS: this origin is not allowed"
    assert allowed(answer) == {}
    assert answer.headers["Vary"] == "Origin"


def test_a_preflight_is_never_the_handlers() -> None:
    answer = preflight(app_with(), "/own", "OPTIONS")
    assert (answer.code, answer.body) == (204, b"")


@pytest.mark.parametrize(
    ("method", "more"),
    [
        ("OPTIONS", {}),
        ("GET", {"Access_Control_Request_Method": "GET"}),
        ("OPTIONS", {"Access_Control_Request_Headers": "x"}),
    ],
)
def test_other_requests_are_no_preflights(method: str, more: dict[str, str]) -> None:
    assert "Allow-Methods" not in allowed(ask(app_with(), "/", PAGE, method, **more))
    more = {"Access_Control_Request_Method": "GET"}
    assert "Allow-Methods" not in allowed(ask(app_with(), "/", None, "OPTIONS", **more))


def test_the_age_and_the_credentials_of_a_preflight() -> None:
    answer = preflight(app_with(max_age=0, credentials=True))
    assert allowed(answer) == {
        "Allow-Origin": PAGE,
        "Allow-Credentials": "true",
        "Allow-Methods": "GET",
        "Max-Age": "0",
    }


@pytest.mark.parametrize("private", [False, True])
def test_a_private_network_is_for_those_who_say_so(private: bool) -> None:
    app = app_with(private_network=private)
    answer = preflight(app, Access_Control_Request_Private_Network="true")
    assert ("Allow-Private-Network" in allowed(answer)) == private
    assert "Allow-Private-Network" not in allowed(preflight(app))


def test_synchronous_handlers_stay_so() -> None:
    app = app_with()
    with app.test_client() as client:
        answers = [client.get("/", headers={"Origin": PAGE}) for _ in range(3)]
    assert {answer.code for answer in answers} == {200}


# Settings.


@pytest.mark.parametrize(
    ("origin", "advice"),
    [
        ("https://page.example/", "An origin has no path, not even a slash at its end. Write "
         "'https://page.example'"),
        ("https://page.example/path?x", "Write 'https://page.example'"),
        ("page.example", "Write scheme and host, such as 'https://example.com'"),
        ("", "Write scheme and host"),
        ("https://", "Write scheme and host"),
        ("https://*.page.example", "use origin_pattern, a regular expression"),
        ("https://Page.example", "Browsers send origins in lower case. Write "
         "'https://page.example'"),
        ("https://page.example:443", "browsers leave out :443 in 'https://page.example:443'. "
         "Write 'https://page.example'"),
        ("http://[::1]:80", "Write 'http://[::1]'"),
        ("https://münchen.example", "host in ASCII (xn--…)"),
        ("https://ann:x@page.example", "Write scheme, host in ASCII"),
        ("https://page.example:http", "Write scheme, host in ASCII"),
    ],
)  # fmt: skip
def test_an_origin_that_no_browser_sends_is_refused(origin: str, advice: str) -> None:
    with pytest.raises(ValueError, match="origins: ") as caught:
        CORS(Application(), [PAGE, origin])
    assert advice in str(caught.value)


@pytest.mark.parametrize(
    "origin",
    [PAGE, OTHER, "http://localhost:3000", "http://[::1]:8080", "http://192.0.2.1:443",
     "capacitor://localhost", "chrome-extension://abcdef", "null", "https://xn--mnchen-3ya.example"],
)  # fmt: skip
def test_an_origin_that_browsers_send_is_taken(origin: str) -> None:
    assert CORS(Application(), [origin]).is_allowed(origin)
    assert CORS(Application(), origin).is_allowed(origin)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"origins": "*", "credentials": True}, "list the origins that may"),
        ({"origins": ["*"], "credentials": True}, "list the origins that may"),
        ({"origins": ["*", PAGE]}, "'*' allows every origin; leave out the others"),
        ({"origins": "*", "origin_pattern": "x"}, "leave out the others"),
        ({"origins": []}, "expected at least one"),
        ({"origins": PAGE, "credentials": True, "expose": ["*"]}, "take '*' as a name"),
        ({"origins": PAGE, "credentials": True, "methods": "*"}, "take '*' as a name"),
        ({"origins": PAGE, "methods": ["G T"]}, "methods: expected a name without spaces"),
        ({"origins": PAGE, "headers": ["X:"]}, "headers: expected a name without spaces"),
        ({"origins": PAGE, "expose": [""]}, "expose: expected a name without spaces"),
        ({"origins": PAGE, "max_age": -1}, "max_age: expected seconds"),
        ({"origins": PAGE, "max_age": True}, "max_age: expected seconds"),
        ({"origins": PAGE, "max_age": "600"}, "max_age: expected seconds"),
    ],
)
def test_settings_that_contradict_each_other_are_refused(
    settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=re.escape(message)):
        CORS(Application(), **settings)


def test_a_bad_pattern_is_refused() -> None:
    with pytest.raises(ValueError, match="is no regular expression"):
        CORS(Application(), origin_pattern="(")


@pytest.mark.parametrize(
    ("origins", "pattern"),
    [
        (["null"], None),
        ([], ".*"),
        (["https://a.example"], "https://.*"),
        ([], r"https?://[a-z.]+"),
    ],
)
def test_credentials_are_for_origins_that_are_named(origins: list[str], pattern: str) -> None:
    with pytest.raises(ValueError, match="list the origins"):
        CORS(Application(), origins, credentials=True, origin_pattern=pattern)
    CORS(Application(), origins, origin_pattern=pattern)
