"""Redirects: an answer that sends its reader elsewhere.

Knows what a Location field may hold (RFC 9110 §10.2.2, RFC 3986) and which statuses redirect.
Refuses to judge where it leads: a location that a client has sent has to be checked before.

Invariant: a location that is a legal URL reference is sent as it is.
"""

import re
from typing import Final
from urllib.parse import quote

from japy.core.fields import VALUE
from japy.core.response import Response

REDIRECTS: Final = (301, 302, 303, 307, 308)
SAFE: Final = "%/:?#[]@!$&'()*+,;="  # RFC 3986 §2.2; "%" is seen to before
STRAY: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


def redirect(location: str, code: int = 303) -> Response:
    """Return an answer that sends the client to another place.

    Args:
        location: a URL, or a path of the same server; spaces and what is not ASCII are
            percent-encoded.
        code: 303: look there, with GET, whatever the request was (the right one after a POST);
            307: repeat the same request there; 308: the same, for ever; 301 and 302: as 308 and
            307, but of a POST clients make a GET.

    Raises:
        ValueError: the location is empty or has a control character, or the code does not redirect.
        TypeError: an argument of another type.
    """
    if not isinstance(code, int):
        raise TypeError(f"code: expected int; got {type(code).__name__}")
    if code not in REDIRECTS:
        raise ValueError(f"code: expected one of {REDIRECTS}; got {code!r}")
    return Response(None, code, headers={"Location": quoted(location)})


def quoted(location: str) -> str:
    """Return a URL with everything percent-encoded that a URL cannot hold, and nothing else."""
    if not isinstance(location, str):
        raise TypeError(f"location: expected str; got {type(location).__name__}")
    if not location:
        raise ValueError("location: expected a URL; got an empty one")
    if VALUE.fullmatch(location) is None or "\t" in location:
        raise ValueError(f"location: expected no control characters; got {location!r}")
    return quote(STRAY.sub("%25", location), safe=SAFE)
