"""wrk against a real server, 24 requests deep and without: not one error."""

import shutil

import pytest

from bench.memory.wrk import drive
from tests.support.server import Server

pytestmark = pytest.mark.skipif(
    shutil.which("wrk") is None, reason="wrk is not installed: apt-get install wrk"
)

SECONDS = 2
CONNECTIONS = 50
DEPTH = 24
GET = b"GET %b HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /posted HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nAda"
CHUNKED = (
    b"POST /posted HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2;note=x\r\nAd\r\n1\r\na\r\n0\r\nX-Trailer: 1\r\n\r\n"
)
MIXED = [GET % b"/", GET % b"/waiting", POST, GET % b"/async", CHUNKED, GET % b"/json"]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(GET % b"/", id="plain"),
        pytest.param(GET % b"/" * DEPTH, id="pipelined"),
        pytest.param(b"".join(MIXED) * (DEPTH // len(MIXED)), id="mixed-pipelined"),
    ],
)
def test_no_error(server: Server, data: bytes) -> None:
    """`drive` raises where a connection failed or an answer did not come in time."""
    requests, refused = drive(server.port, data, SECONDS, CONNECTIONS)
    assert refused == 0
    assert requests > SECONDS * 100
