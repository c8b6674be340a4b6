"""One cookie that a server sets: the value of a Set-Cookie field.

Knows what a browser would take (RFC 6265bis §4.1 and §5.7) and refuses what it would drop without
a word. Knows no request and no clock: reading cookies is `request.py`'s affair.

Invariants:
- No name, value or attribute can begin another attribute or another field.
- A value reads back as it was given, with percent-decoding, as `request.cookies` does it.
"""

import re
from datetime import UTC, datetime
from typing import Final
from urllib.parse import quote

from japy.core.fields import TOKEN, VALUE

# RFC 6265bis §4.1.1: cookie-octet without "%", which begins an escape; letters, digits and "_.-~"
# are never quoted.
SAFE: Final = "!#$&'()*+/:<=>?@[]^`{|}"
PATH_SAFE: Final = "%/:?#[]@!$&'()*+,="
DOMAIN: Final = re.compile(r"[A-Za-z0-9._:\[\]-]+")
DAYS: Final = "Mon Tue Wed Thu Fri Sat Sun"
MONTHS: Final = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec"
SAME_SITE: Final = {"lax": "Lax", "strict": "Strict", "none": "None"}
LONG_AGO: Final = "Thu, 01 Jan 1970 00:00:00 GMT"


def cookie_value(
    name: str,
    value: str,
    *,
    max_age: object,
    expires: datetime | str | None,
    path: str | None,
    domain: str | None,
    secure: bool,
    httponly: bool,
    samesite: str | None,
    partitioned: bool,
) -> str:
    """Return the value of the field that sets a cookie; see `Response.set_cookie`."""
    require_flags(secure, httponly, partitioned)
    parts = [f"{checked_name(name)}={quote(checked('value', value), safe=SAFE)}"]
    require_prefix_kept(name, path, domain, secure)
    if max_age is not None:
        parts.append(f"Max-Age={checked_age(max_age)}")
    if expires is not None:
        parts.append(f"Expires={date_of(expires)}")
    if domain is not None:
        parts.append(f"Domain={checked_domain(domain)}")
    if path is not None:
        parts.append(f"Path={checked_path(path)}")
    if samesite is not None:
        parts.append(f"SameSite={same_site(samesite, secure)}")
    if partitioned and not secure:
        raise ValueError("partitioned: expected secure=True with it, browsers ask for that")
    for is_set, attribute in (
        (secure, "Secure"),
        (httponly, "HttpOnly"),
        (partitioned, "Partitioned"),
    ):
        if is_set:
            parts.append(attribute)
    return "; ".join(parts)


def dead_cookie_value(name: str, path: str | None, domain: str | None) -> str:
    """Return the value of the field that has a cookie forgotten."""
    return cookie_value(
        name,
        "",
        max_age=0,
        expires=LONG_AGO,
        path=path,
        domain=domain,
        secure=checked_name(name).lower().startswith(("__secure-", "__host-")),
        httponly=False,
        samesite="lax",
        partitioned=False,
    )


def scope(value: str) -> tuple[str, str, str]:
    """Return what browsers tell cookies apart by: name, domain and path (RFC 6265bis §5.7)."""
    first, *attributes = value.split(";")
    domain = path = ""
    for attribute in attributes:
        key, _, content = attribute.strip().partition("=")
        if key.lower() == "domain":
            domain = content.lower()
        elif key.lower() == "path":
            path = content
    return first.partition("=")[0].strip(), domain, path


def require_flags(secure: object, httponly: object, partitioned: object) -> None:
    """Refuse flags that are no bool: compiled code would, too."""
    for flag in (secure, httponly, partitioned):
        if not isinstance(flag, bool):
            raise TypeError(f"secure, httponly, partitioned: expected bool; got {flag!r}")


def checked(what: str, text: object) -> str:
    """Return a text that has no control characters but tabs."""
    if not isinstance(text, str):
        raise TypeError(f"cookie {what}: expected str; got {type(text).__name__}")
    if VALUE.fullmatch(text) is None:
        raise ValueError(f"cookie {what}: expected no control characters; got {text!r}")
    return text


def checked_name(name: str) -> str:
    """Return the name of a cookie, which is a token."""
    if TOKEN.fullmatch(checked("name", name)) is None:
        raise ValueError(f"cookie name: expected a token; got {name!r}")
    return name


def require_prefix_kept(name: str, path: str | None, domain: str | None, secure: bool) -> None:
    """Refuse what breaks the promise of a name's prefix (RFC 6265bis §4.1.3)."""
    lower = name.lower()
    if lower.startswith(("__secure-", "__host-")) and not secure:
        raise ValueError(f"cookie {name}: expected secure=True, its prefix promises that")
    if lower.startswith("__host-") and (path != "/" or domain is not None):
        raise ValueError(f"cookie {name}: expected path='/' and no domain, its prefix says so")


def checked_age(max_age: object) -> int:
    """Return a number of seconds."""
    if isinstance(max_age, bool) or not isinstance(max_age, int):
        raise TypeError(f"cookie max_age: expected int; got {type(max_age).__name__}")
    return max_age


def checked_domain(domain: object) -> str:
    """Return the name of a host."""
    text = checked("domain", domain)
    if DOMAIN.fullmatch(text) is None:
        raise ValueError(f"cookie domain: expected the name of a host; got {text!r}")
    return text


def checked_path(path: object) -> str:
    """Return a path as browsers compare it: percent-encoded where it has to be."""
    text = checked("path", path)
    if not text.startswith("/") or ";" in text:
        raise ValueError(f"cookie path: expected one that begins with / and has no ;; got {text!r}")
    return quote(text, safe=PATH_SAFE)


def same_site(samesite: object, secure: bool) -> str:
    """Return the value of SameSite as it is written."""
    lower = checked("samesite", samesite).lower()
    if lower not in SAME_SITE:
        raise ValueError(f"cookie samesite: expected lax, strict or none; got {samesite!r}")
    if lower == "none" and not secure:
        raise ValueError("cookie samesite: expected secure=True with none, browsers ask for that")
    return SAME_SITE[lower]


def date_of(expires: object) -> str:
    """Return an HTTP date (RFC 9110 §5.6.7)."""
    if not isinstance(expires, datetime):
        text = checked("expires", expires)
        if ";" in text or not text.isascii():
            raise ValueError(f"cookie expires: expected a datetime or an HTTP date; got {text!r}")
        return text
    moment = expires if expires.tzinfo is None else expires.astimezone(UTC)
    day = DAYS.split()[moment.weekday()]
    month = MONTHS.split()[moment.month - 1]
    clock = f"{moment.hour:02}:{moment.minute:02}:{moment.second:02}"
    return f"{day}, {moment.day:02} {month} {moment.year:04} {clock} GMT"
