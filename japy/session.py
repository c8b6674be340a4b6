"""Sessions: what an application remembers of a client, in a cookie that only it can write.

Knows how a session travels: as JSON, signed with its time by itsdangerous, in a cookie. The client
can read it, so it is no place for secrets. Keeps nothing on the server.

Invariants:
- What does not carry a valid signature is no session: the client starts with an empty one.
- The cookie is sent only if the session was changed, here or anywhere inside, or is to be kept
  alive; every answer that depends on a session says so in Vary.
"""

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Final, Literal

from japy.application.app import Application
from japy.application.extra import missing
from japy.application.vary import vary_on
from japy.core.request import Request
from japy.core.response import Response

try:
    from itsdangerous import BadData, URLSafeTimedSerializer
except ModuleNotFoundError as error:
    raise missing("itsdangerous") from error

DAY_S: Final = 24 * 60 * 60
MAX_COOKIE: Final = 4093  # bytes of name and value that every browser keeps
MIN_SECRET: Final = 16
NEW_SECRET: Final = "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'"

Secret = str | bytes


class Session(dict[str, Any]):
    """What is remembered of a client: a dict of what JSON can say.

    Tuples come back as lists, and keys as str.
    """

    def __init__(self, known: dict[str, Any], is_new: bool) -> None:
        super().__init__(known)
        self.is_new: Final = is_new  # the client came without a valid session
        self._before: Final = dumps(known)

    @property
    def is_changed(self) -> bool:
        """Whether anything in it differs from what the client sent."""
        return dumps(self) != self._before


class Sessions:
    """Give requests a session: `request.session`, or `of(request)` for type checkers.

    Args:
        app: the application.
        secret: signs the cookies, 16 bytes or more, known to nobody else. Of several, the first
            signs, and what any of them has signed is valid: to change it, put the new one first.
        cookie: name of the cookie.
        max_age: seconds after which a session ends if it is neither changed nor refreshed.
        path: where on the server the cookie is sent.
        domain: also send it to the subdomains of this one.
        secure: send it over TLS only.
        samesite: "lax", "strict" or "none": which requests that start on other sites carry it.
        refresh: send the cookie again whenever the session is read, so that it ends `max_age`
            seconds after its last use.

    Raises:
        ValueError: a secret that can be guessed, or settings that browsers refuse.
    """

    def __init__(
        self,
        app: Application,
        *,
        secret: Secret | Sequence[Secret],
        cookie: str = "session",
        max_age: int = 14 * DAY_S,
        path: str = "/",
        domain: str | None = None,
        secure: bool = False,
        samesite: Literal["lax", "strict", "none"] = "lax",
        refresh: bool = False,
    ) -> None:
        if isinstance(max_age, bool) or not isinstance(max_age, int) or max_age <= 0:
            raise ValueError(f"max_age: expected a number of seconds; got {max_age!r}")
        self.cookie = cookie
        self.max_age = max_age
        self.path = path
        self.domain = domain
        self.secure = secure
        self.samesite: Final = samesite
        self.refresh = refresh
        self._key = f"japy.session {cookie}"  # in request.extra
        self._signer = URLSafeTimedSerializer(
            checked_secrets(secret)[::-1],  # itsdangerous signs with the last one
            salt=self._key,
            signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
        )
        self._put(Response(), "", max_age)  # what browsers refuse is refused now
        app.extend_request(self.of, name="session", property=True)
        app.after_response(self.save)

    def of(self, request: Request) -> Session:
        """Return the session of a request: the same one each time."""
        session = request.extra.get(self._key)
        if not isinstance(session, Session):
            session = request.extra[self._key] = self._load(request)
        return session

    def _load(self, request: Request) -> Session:
        try:
            known = self._signer.loads(request.cookies[self.cookie], max_age=self.max_age)
        except (KeyError, BadData, ValueError):  # ValueError: text that is no UTF-8
            return Session({}, True)
        return Session(known, False) if isinstance(known, dict) else Session({}, True)

    def save(self, request: Request, response: Response) -> None:
        """Put a session that was changed into the answer's cookie; forget one that was emptied.

        Raises:
            ValueError: it is larger than browsers allow.
            TypeError: there is something in it that JSON does not know.
        """
        session = request.extra.get(self._key)
        if not isinstance(session, Session):  # nobody has asked for it
            return
        vary_on(response, "Cookie")
        if session.is_changed and not session:
            self._put(response, "", 0)
        elif session and (session.is_changed or self.refresh):
            self._put(response, self._signed(session), self.max_age)

    def _signed(self, session: Session) -> str:
        value = str(self._signer.dumps(session))
        size = len(self.cookie) + 1 + len(value)
        if size > MAX_COOKIE:
            raise ValueError(
                f"the cookie of the session would have {size} bytes, and browsers drop those with "
                f"more than {MAX_COOKIE}; keep what is large in a database, and its key in the "
                "session"
            )
        return value

    def _put(self, response: Response, value: str, max_age: int) -> None:
        """Set the cookie; to forget it takes the same attributes."""
        response.set_cookie(
            self.cookie,
            value,
            max_age=max_age,
            path=self.path,
            domain=self.domain,
            secure=self.secure,
            httponly=True,
            samesite=self.samesite,
        )


def dumps(known: dict[str, Any]) -> str:
    """Return a session as text."""
    return json.dumps(known)


def checked_secrets(secret: Secret | Sequence[Secret]) -> list[bytes]:
    """Return secrets as bytes.

    Raises:
        ValueError: there is none, or one is too short to be safe.
        TypeError: one is neither text nor bytes, as a variable that is not set.
    """
    given = list(secret) if isinstance(secret, list | tuple) else [secret]
    if not given:
        raise ValueError(f"secret: expected one at least; got none. {NEW_SECRET}")
    return [checked_secret(one) for one in given]


def checked_secret(secret: object) -> bytes:
    """Return one secret as bytes."""
    if not isinstance(secret, str | bytes):
        raise TypeError(f"secret: expected str or bytes; got {type(secret).__name__}. {NEW_SECRET}")
    found = secret.encode() if isinstance(secret, str) else secret
    if len(found) < MIN_SECRET:
        raise ValueError(
            f"secret: expected {MIN_SECRET} bytes or more; got {len(found)}. {NEW_SECRET}"
        )
    return found
