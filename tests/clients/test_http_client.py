"""Python's http.client against a real server."""

import hashlib
import http.client
import json
from collections.abc import Iterator

import pytest

from tests.support.server import Server

TIMEOUT_S = 20


@pytest.fixture
def client(server: Server) -> Iterator[http.client.HTTPConnection]:
    """Return a client whose one connection stays open; it never connects again by itself."""
    client = http.client.HTTPConnection(server.host, server.port, timeout=TIMEOUT_S)
    client.connect()
    client.auto_open = False
    yield client
    client.close()


def ask(
    client: http.client.HTTPConnection, method: str, path: str
) -> tuple[http.client.HTTPResponse, bytes]:
    """Send a request without a body; return the answer and its body."""
    client.request(method, path)
    answer = client.getresponse()
    return answer, answer.read()


def test_connection_is_kept(client: http.client.HTTPConnection) -> None:
    for path in ("/", "/async", "/waiting") * 50:
        answer, body = ask(client, "GET", path)
        assert (answer.status, body) == (200, b"Hello world!")
        assert answer.getheader("Date") is not None


def test_head_has_length_and_no_body(client: http.client.HTTPConnection) -> None:
    for path, length in (("/", "12"), ("/waiting", "12"), ("/large", str(1 << 20))):
        answer, body = ask(client, "HEAD", path)
        assert (answer.status, answer.getheader("Content-Length"), body) == (200, length, b"")
    assert ask(client, "GET", "/")[1] == b"Hello world!"


@pytest.mark.parametrize("code", [204, 304])
def test_status_without_body(client: http.client.HTTPConnection, code: int) -> None:
    for _ in range(3):
        answer, body = ask(client, "GET", f"/status/{code}")
        assert (answer.status, body) == (code, b"")
        assert answer.getheader("Content-Length") is None
        assert answer.getheader("Content-Type") is None


def test_chunked_upload(client: http.client.HTTPConnection) -> None:
    pieces = [bytes([i]) * size for i, size in enumerate((1, 10, 5_000, 70_000, 300_000))]
    expected = hashlib.sha256(b"".join(pieces)).hexdigest()
    for method in ("POST", "PUT"):
        client.request(method, "/digest", iter(pieces), encode_chunked=True)
        told = json.load(client.getresponse())
        assert told == {"digest": expected, "framing": "chunked", "size": 375_011}


def test_upload_with_length(client: http.client.HTTPConnection) -> None:
    for size in (0, 1, 1 << 10, 1 << 20):
        body = bytes(size)
        client.request("POST", "/digest", body)
        told = json.load(client.getresponse())
        assert told == {
            "digest": hashlib.sha256(body).hexdigest(),
            "framing": "length",
            "size": size,
        }


def test_errors_leave_the_connection_open(client: http.client.HTTPConnection) -> None:
    expected = {"/missing": 404, "/posted": 405, "/fail": 500, "/fail/async": 500, "/": 200}
    for path, status in expected.items():
        assert ask(client, "GET", path)[0].status == status
    answer, _ = ask(client, "GET", "/posted")
    assert answer.getheader("Allow") == "OPTIONS, POST"


def test_options_of_the_server(client: http.client.HTTPConnection) -> None:
    answer, body = ask(client, "OPTIONS", "*")
    assert (answer.status, body) == (200, b"")
    assert "GET" in (answer.getheader("Allow") or "")


def test_close_is_answered_with_close(client: http.client.HTTPConnection) -> None:
    client.request("GET", "/waiting", headers={"Connection": "TE, close"})
    answer = client.getresponse()
    assert (answer.getheader("Connection"), answer.read()) == ("close", b"Hello world!")
    assert client.sock is None
