"""What every search begins with: the rows of tests/rfc, and what they do not say often enough."""

import shutil
from collections.abc import Iterator

from fuzz.coverage.target import Place, Target
from tests.rfc.table import TOPICS

MAX_SEED = 1000  # bytes
GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
HEADS = (
    GET * 5,
    b"\r\nOPTIONS * HTTP/1.1\r\nHost: [::1]:8080\r\nExpect: 100-continue\r\n\r\n",
    b"GET http://a.example:80/b?c#d HTTP/1.1\r\nHost: a.example\r\n\r\n",
    b"GET  /  HTTP/1.0\nA: b\r\n c\r\nhost: x\nHOST: y\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: x\r\nConnection: a, close\r\nconnection: Upgrade\r\n\r\n",
    b"GET /chat HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nbytes",
    b"POST /a%20b?c=d HTTP/1.1\r\nHost: x:80\r\nContent-Length: 5\r\n\r\nhello" + GET,
    b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\t chunked \t\r\n\r\n0\r\n\r\n" + GET,
    b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: \xe9\r\n" % i for i in range(40)) + b"Host: x\r\n\r\n",
    b"PRI * HTTP/2.0\rHTTP/2.0\r\n\r\n",  # was 505 or 400, as it was cut
    b"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n",  # was an ordinary request
    b"GET /" + b"a" * 200 + b" HTTP/1.1\r\nHost: " + b"b" * 60 + b"\r\n\r\n",
)
BODIES = (
    b"5\r\nhello\r\n0\r\n\r\nrest",
    b"005;a=b;c\r\nhello\r\nA\r\n0123456789\r\n0\r\n\r\n",
    b'1 ; a = "b\\";c" ; d\r\nx\r\n00\r\nX-Sum: 1\r\nY:\r\n\r\n',
    b"fffffffffffffff1\r\n",
    b"0" * 120 + b"1\r\nx\r\n0\r\n\r\n",
    b"3e9\r\n",
    b"0;" + b"a" * 90 + b"\r\n\r\n",
    b"1" * 4095 + b";" + b"a" * 40 + b"\r\n",
    b"0\r\nA: " + b"b" * 4200 + b"\r\n\r\n",
    b"1" * 4200 + b";" + b"a" * 90,  # was 413 or 400, as it was cut
    b"1\r\nxy" + b";" * 4200,  # the same
    b"1000",
    b"00000000000000000005",
    b" chunked\t",
    b"gzip, chunked",
)


def write_seeds(target: Target, place: Place) -> None:
    """Put a target's seeds into their folder, and nothing else."""
    folder = place.seeds(target)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for number, data in enumerate(seeds(target)):
        (folder / f"{number:04}").write_bytes(target.controls + data)


def seeds(target: Target) -> list[bytes]:
    """Return what a target has to be good at: heads with what follows them, or bodies alone."""
    if target.name == "body":
        tails = [data.partition(b"\r\n\r\n")[2] for data in rows()]
        return list(dict.fromkeys([*BODIES, *tails]))
    return list(dict.fromkeys([*HEADS, *rows()]))


def rows() -> Iterator[bytes]:
    """Yield the bytes of the table of rules, without those that are about large numbers."""
    for topic in TOPICS.values():
        yield from (row.data for row in topic if len(row.data) <= MAX_SEED)
