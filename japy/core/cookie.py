r"""The cookies that a client sends (RFC 6265 §5.4), as Japronto reads them.

Knows the Cookie field. Refuses nothing: what a client sends may be of another server's making, and
a request must not fail for that.
"""

import re
from typing import Final
from urllib.parse import unquote

QUOTED: Final = re.compile(r"\\([0-3][0-7][0-7]|.)")  # as `http.cookies` writes them
SPACE: Final = " \t"


def read_cookies(text: str) -> dict[str, str]:
    """Return cookies by name, of those with the same name the last; one without a name as ""."""
    cookies: dict[str, str] = {}
    for part in restored(text).split(";"):
        name, equals, value = part.partition("=")
        if not equals:
            name, value = "", part
        name, value = name.strip(SPACE), value.strip(SPACE)
        if name or value:
            cookies[name] = unquote(without_quotes(value))
    return cookies


def restored(text: str) -> str:
    """Return a field value, which is latin-1, as the UTF-8 that japy's own cookies are sent in."""
    if text.isascii():
        return text
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def without_quotes(value: str) -> str:
    """Return what a quoted value stands for; another value as it is."""
    if len(value) < 2 or not value.startswith('"') or not value.endswith('"'):
        return value
    return QUOTED.sub(plain, value[1:-1])


def plain(match: "re.Match[str]") -> str:
    """Return the character that a backslash and what follows it stand for."""
    code = match.group(1)
    return chr(int(code, 8)) if len(code) == 3 else code
