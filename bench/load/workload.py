"""What clients send, and what every server has to answer.

Knows requests as bytes and the body that is right for each. Refuses to know who serves them
and how they are sent.

Invariant: a request is one whole message with its own Host; depth says how many go into one write.
"""

import json
from dataclasses import dataclass

HOST = ("Host", "127.0.0.1")
HELLO = b"Hello world!"
BROWSER = (  # 15 fields, head of 700 bytes
    HOST,
    ("Connection", "keep-alive"),
    ("Cache-Control", "max-age=0"),
    ("DNT", "1"),
    ("Upgrade-Insecure-Requests", "1"),
    ("User-Agent", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/webp,*/*;q=0.8"),
    ("Accept-Language", "fr-BE,fr;q=0.8,en-GB;q=0.6,en;q=0.4"),
    ("Accept-Encoding", "gzip, deflate, br, zstd"),
    ("Referer", "https://www.example.com/library/shelves/fiction?page=3&sort=title"),
    (
        "Cookie",
        "session=4f1c9a7be02d44d8a6f3; theme=dark; seen=1732182000; lang=fr; consent=all; "
        "last=/library/shelves/poetry; columns=4; beta",
    ),
    ("Sec-Fetch-Dest", "document"),
    ("Sec-Fetch-Mode", "navigate"),
    ("Sec-Fetch-Site", "same-origin"),
    ("Sec-Fetch-User", "?1"),
)
DOCUMENT = {
    "id": 1815,
    "name": "Ada Lovelace",
    "tags": ["analysis", "engine", "notes", "translation"],
    "active": True,
    "score": 97.25,
    "letters": [
        {"number": number, "to": "Charles Babbage", "pages": number % 7, "sent": None}
        for number in range(1, 14)
    ],
}
UPLOAD = 1 << 20


@dataclass(frozen=True)
class Workload:
    """One kind of request, sent by all connections for as long as it is measured."""

    name: str  # what --workloads takes
    title: str
    request: bytes
    answer: bytes  # the body
    depth: int = 1
    connections: int = 100

    @property
    def data(self) -> bytes:
        """Return what a client sends in one write."""
        return self.request * self.depth

    def is_answered_by(self, body: bytes) -> bool:
        """Return whether a body is right; where JSON has spaces is the server's affair."""
        return body.replace(b" ", b"") == self.answer.replace(b" ", b"")


def head(
    method: str,
    path: str,
    fields: tuple[tuple[str, str], ...] = (HOST,),
) -> bytes:
    """Return a request head."""
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields)]
    return "\r\n".join([*lines, "", ""]).encode()


def post(path: str, mime_type: str, body: bytes) -> bytes:
    """Return a request with a body."""
    size = str(len(body))
    return head("POST", path, (HOST, ("Content-Type", mime_type), ("Content-Length", size))) + body


def document(size: int) -> bytes:
    """Return a JSON object of exactly that many bytes."""
    short = json.dumps({**DOCUMENT, "pad": ""}, separators=(",", ":"))
    padding = "x" * (size - len(short))
    return json.dumps({**DOCUMENT, "pad": padding}, separators=(",", ":")).encode()


PLAIN = head("GET", "/")
HEADERS = head("GET", "/", BROWSER)

WORKLOADS = (
    Workload("plaintext_x24", "plaintext, 24 pipelined", PLAIN, HELLO, 24),
    Workload("headers_x24", "15 headers, 24 pipelined", HEADERS, HELLO, 24),
    Workload("plaintext", "plaintext", PLAIN, HELLO),
    Workload("headers", "15 headers", HEADERS, HELLO),
    Workload("json", "JSON answer", head("GET", "/json"), b'{"message":"Hello world!"}'),
    Workload("param", "path parameter", head("GET", "/users/42"), b"42"),
    Workload("async", "async handler", head("GET", "/async"), HELLO),
    Workload("async_sleep0", "async with sleep(0)", head("GET", "/sleep0"), HELLO),
    Workload(
        "post",
        "POST of 1 KiB JSON",
        post("/post", "application/json", document(1024)),
        b"Ada Lovelace",
    ),
    Workload(
        "upload",
        "upload of 1 MiB",
        post("/upload", "application/octet-stream", b"x" * UPLOAD),
        str(UPLOAD).encode(),
        connections=10,  # with 100, half-received bodies fill the caches and Japronto times out
    ),
)
