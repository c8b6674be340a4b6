"""Status codes: what each is called, and which are of answers without a body.

Knows the registry of IANA with the reason phrases of RFC 9110, whatever the release of Python
says. Knows no message.
"""

from typing import Final

from mypy_extensions import i64

REASONS: Final = {
    100: "Continue",
    101: "Switching Protocols",
    102: "Processing",
    103: "Early Hints",
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "Non-Authoritative Information",
    204: "No Content",
    205: "Reset Content",
    206: "Partial Content",
    207: "Multi-Status",
    208: "Already Reported",
    226: "IM Used",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    305: "Use Proxy",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Content Too Large",
    414: "URI Too Long",
    415: "Unsupported Media Type",
    416: "Range Not Satisfiable",
    417: "Expectation Failed",
    418: "I'm a Teapot",  # RFC 9110 §15.5.19 keeps the code unused; everybody knows it by this name
    421: "Misdirected Request",
    422: "Unprocessable Content",
    423: "Locked",
    424: "Failed Dependency",
    425: "Too Early",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
    506: "Variant Also Negotiates",
    507: "Insufficient Storage",
    508: "Loop Detected",
    510: "Not Extended",
    511: "Network Authentication Required",
}


def status_line(code: int) -> bytes:
    """Return the status line of an answer; the reason of an unknown code is empty."""
    return f"HTTP/1.1 {code} {REASONS.get(code, '')}\r\n".encode("ascii")


STATUS_LINES: Final = [status_line(code) for code in range(600)]


def is_bodiless(code: i64) -> bool:
    """Tell whether this status has neither a body nor a length (RFC 9110 §6.4.1, §8.6)."""
    return code < 200 or code == 204 or code == 304


def checked_code(code: object) -> i64:
    """Return a status code that can be sent."""
    if isinstance(code, bool) or not isinstance(code, int):
        raise TypeError(f"code: expected int; got {type(code).__name__}")
    value: int = code
    if not 100 <= value <= 599:
        raise ValueError(f"code: expected 100 to 599; got {value}")
    return i64(value)
