"""What a request head means beyond its grammar: target, Host, persistence, expectation.

Knows the rules of RFC 9112 §2 to §3 and §9 that picohttpparser does not. Is asked only about heads
that are not plain: a plain head has exactly one simple Host, begins its target with "/", and names
none of the other fields that framing needs."""

import re
from typing import Final

from librt.vecs import vec
from mypy_extensions import i64

from japy.core.errors import INVALID_HEADERS, MALFORMED_HEADERS, BadRequest, quote
from japy.core.parser import (
    CONNECTION,
    CONNECTION_END,
    END,
    EXPECT,
    EXPECT_END,
    HOST,
    HOST_END,
    MARK_BARE_LF,
    MARK_CONNECTION,
    MARK_EXPECT,
    MARK_FOLDED,
    MARK_HOST,
    MARK_ODD_HOST,
    MARK_ODD_TARGET,
    MARK_OLD,
    MARK_REPEATED,
    MARK_SPACES,
    MARKS,
    METHOD_END,
    PATH_END,
    START,
    TARGET,
    TARGET_END,
    VERSION_SIZE,
    is_repeated,
    long_line,
    read_fields,
)

# RFC 3986 §3.2.2: eight groups, of which "::" stands for one or more; the last two may be an IPv4
# address. There are as many forms as places for the "::".
_GROUP: Final = rb"[0-9A-Fa-f]{1,4}"
_OCTET: Final = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_LAST: Final = rb"(?:%b:%b|%b(?:\.%b){3})" % (_GROUP, _GROUP, _OCTET, _OCTET)
_SHORT: Final = [
    rb"(?:(?:%b:){0,%d}%b)?::(?:%b:){%d}%b" % (_GROUP, n, _GROUP, _GROUP, 4 - n, _LAST)
    for n in range(5)
]
_IPV6: Final = b"|".join(
    [
        rb"(?:%b:){6}%b" % (_GROUP, _LAST),
        rb"::(?:%b:){5}%b" % (_GROUP, _LAST),
        *_SHORT,
        rb"(?:(?:%b:){0,5}%b)?::%b" % (_GROUP, _GROUP, _GROUP),
        rb"(?:(?:%b:){0,6}%b)?::" % (_GROUP, _GROUP),
    ]
)
_FUTURE: Final = rb"[vV][0-9A-Fa-f]+\.[0-9A-Za-z\-._~!$&'()*+,;=:]+"
# RFC 9110 §7.2 with RFC 3986 §3.2.2: uri-host [ ":" port ]; a reg-name may be empty.
AUTHORITY: Final = re.compile(
    rb"(?:\[(?:%b|%b)\]|(?:[0-9A-Za-z\-._~!$&'()*+,;=]|%%[0-9A-Fa-f]{2})*)(?::[0-9]{0,5})?"
    % (_IPV6, _FUTURE)
)
# RFC 9112 §3.2.2: scheme, authority, and where the path begins
ABSOLUTE: Final = re.compile(rb"[Hh][Tt][Tt][Pp][Ss]?://([^/?#]+)")


def require_valid(data: bytes, table: vec[i64], row: i64, max_line: i64) -> None:
    """Raise unless the head may be used.

    Raises:
        BadRequest: with 400, 414 or 417.
    """
    marks: i64 = table[row + MARKS]
    if marks & (MARK_BARE_LF | MARK_FOLDED | MARK_SPACES):
        require_short_line(data, table[row + START], max_line)
        # RFC 9112 §2.2, §5.2 and §3: all of these are ways to be read differently by someone else.
        raise BadRequest(MALFORMED_HEADERS, "bare LF, folded line, or more than one space")
    if not marks & MARK_HOST and not marks & MARK_OLD:  # RFC 9112 §3.2
        raise BadRequest(INVALID_HEADERS, "no Host")
    if marks & MARK_REPEATED and is_repeated(data, table, row, b"host"):
        raise BadRequest(INVALID_HEADERS, "more than one Host")
    if marks & MARK_ODD_HOST:
        require_authority(data[table[row + HOST] : table[row + HOST_END]])
    if marks & MARK_EXPECT and not marks & MARK_OLD:
        require_known_expectation(data, table, row)


def require_short_line(data: bytes, start: i64, limit: i64) -> None:
    """Raise if the request line is too long with all its spaces, as when it comes in parts."""
    if data.find(b"\n", start) - start > limit + 1:
        raise long_line(limit, data[start : start + limit + 3])


def require_authority(host: bytes) -> None:
    """Raise unless the bytes are a host and perhaps a port."""
    if AUTHORITY.fullmatch(host) is None:
        raise BadRequest(INVALID_HEADERS, f"Host {quote(host)}")


def require_known_expectation(data: bytes, table: vec[i64], row: i64) -> None:
    """Raise 417 for any expectation but 100-continue (RFC 9110 §10.1.1)."""
    for member in expectations(data, table, row):
        if member != b"100-continue":
            raise BadRequest("expectation failed", quote(member), 417)


def expectations(data: bytes, table: vec[i64], row: i64) -> list[bytes]:
    """Return the members of the list Expect, in lower case (RFC 9110 §5.6.1 and §10.1.1)."""
    value = data[table[row + EXPECT] : table[row + EXPECT_END]]
    if table[row + MARKS] & MARK_REPEATED:
        fields = read_fields(data, table[row + START], table[row + END])
        value = b",".join([field[1] for field in fields if field[0].lower() == b"expect"])
    members = [member.strip(b" \t").lower() for member in value.split(b",")]
    return [member for member in members if member]


def expects_continue(data: bytes, table: vec[i64], row: i64) -> bool:
    """Tell whether the client waits for 100 Continue; an HTTP/1.0 client cannot."""
    marks: i64 = table[row + MARKS]
    if not marks & MARK_EXPECT or marks & MARK_OLD:
        return False
    return len(expectations(data, table, row)) > 0  # of which there is but one


def require_secured(data: bytes, table: vec[i64], row: i64) -> None:
    """Raise 421 for an https target; to be called where nobody has secured the connection.

    RFC 9110 §7.4 and §15.5.20.
    """
    scheme = data[table[row + TARGET] : table[row + TARGET] + 6]
    if scheme.lower() == b"https:":
        raise BadRequest("misdirected request", "an https target on a connection without TLS", 421)


def normal_line(data: bytes, table: vec[i64], row: i64) -> bytes:
    """Return method, space and path of a target that may be in another form (RFC 9112 §3.2).

    Raises:
        BadRequest: 400 for a target that is none of the four forms, 501 for CONNECT.
    """
    method = data[table[row + START] : table[row + METHOD_END]]
    target = data[table[row + TARGET] : table[row + TARGET_END]]
    if b"#" in target:
        raise BadRequest(MALFORMED_HEADERS, f"fragment in {quote(target)}")
    if method == b"CONNECT":
        raise BadRequest("not implemented", "CONNECT: japy is no proxy", 501)
    if target.startswith(b"/"):
        return data[table[row + START] : table[row + PATH_END]]
    if target == b"*" and method == b"OPTIONS":
        return b"OPTIONS *"
    absolute = ABSOLUTE.match(target)
    if absolute is None:
        raise BadRequest(MALFORMED_HEADERS, f"target {quote(target)}")
    require_authority(absolute.group(1))
    if absolute.group(1).startswith(b":"):  # RFC 9110 §4.2.1: an empty host is invalid
        raise BadRequest(MALFORMED_HEADERS, f"target {quote(target)}")
    path = data[table[row + TARGET] + absolute.end() : table[row + PATH_END]]
    return method + b" " + (path or b"/")


def is_persistent(data: bytes, table: vec[i64], row: i64) -> bool:
    """Tell whether the connection stays open (RFC 9112 §9.3); `close` wins over `keep-alive`."""
    marks: i64 = table[row + MARKS]
    is_old = marks & MARK_OLD != 0
    if not marks & MARK_CONNECTION:
        return not is_old
    value = data[table[row + CONNECTION] : table[row + CONNECTION_END]]
    if marks & MARK_REPEATED:
        fields = read_fields(data, table[row + START], table[row + END])
        value = b",".join([field[1] for field in fields if field[0].lower() == b"connection"])
    elif value == b"keep-alive":  # PERF: what browsers send (bench/load, workload headers)
        return True
    options = [option.strip(b" \t").lower() for option in value.split(b",")]
    if b"close" in options:
        return False
    return not is_old or b"keep-alive" in options


def read_line(data: bytes, table: vec[i64], row: i64, limit: i64) -> bytes:
    """Return method, space and raw path of a head that may be used.

    Args:
        data: what the head is in.
        table: the parser's.
        row: of the head in it.
        limit: bytes of the longest request line.

    Raises:
        BadRequest: the head breaks a rule.
    """
    marks = table[row + MARKS]
    start = table[row + START]
    if table[row + TARGET_END] + VERSION_SIZE - start > limit:
        raise long_line(limit, data[start : start + limit + 3])
    if marks != MARK_HOST:
        require_valid(data, table, row, limit)
        if marks & MARK_ODD_TARGET:
            return normal_line(data, table, row)
    return data[start : table[row + PATH_END]]
