"""Behind a proxy for real: whom fields name, and the PROXY protocol in front of HTTP and TLS."""

import re
import socket
import ssl
from contextlib import suppress
from pathlib import Path

import pytest

from tests.support.identity import Identities
from tests.support.server import DEADLINE_S, Server, running

APP = """
from japy import Application

app = Application(log_request=True)

@app.get("/")
def where(request):
    return f"{request.scheme} {request.remote_addr} {request.hostname}"
"""
LINE = b"PROXY TCP4 203.0.113.7 192.0.2.1 50000 443\r\n"


def get(*fields: str) -> bytes:
    """Return a request that is the last one."""
    lines = ["GET / HTTP/1.1", "Host: x.example", "Connection: close", *fields]
    return "\r\n".join([*lines, "", ""]).encode()


def ask(server: Server, *pieces: bytes, context: ssl.SSLContext | None = None) -> str:
    """Return the body of the answer; empty if there is none."""
    first, *rest = pieces
    with socket.create_connection((server.host, server.port), DEADLINE_S) as plain:
        if context is not None:
            plain.sendall(first)
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as secure:
                secure.sendall(b"".join(rest))
                return read_body(secure)
        for piece in pieces:
            plain.sendall(piece)
        return read_body(plain)


def read_body(end: socket.socket) -> str:
    """Return what comes behind the head."""
    found = b""
    try:
        while data := end.recv(1 << 16):
            found += data
    except ConnectionError:
        assert found == b""
    return found.partition(b"\r\n\r\n")[2].decode()


@pytest.mark.parametrize(
    ("options", "fields", "said"),
    [
        ([], ["X-Forwarded-For: 6.6.6.6"], "http 127.0.0.1"),
        (["--proxy-headers"], [], "http 127.0.0.1"),
        (
            ["--proxy-headers"],
            ["X-Forwarded-For: 6.6.6.6, 203.0.113.7", "X-Forwarded-Proto: https"],
            "https 203.0.113.7",
        ),
        (["--proxy-headers"], ["Forwarded: for=203.0.113.7;proto=https"], "https 203.0.113.7"),
        (
            ["--proxy-headers", "--forwarded-allow-ips", "10.0.0.0/8"],
            ["X-Forwarded-For: 6.6.6.6"],
            "http 127.0.0.1",
        ),
        (
            ["--proxy-headers", "--forwarded-allow-ips", "127.0.0.0/8, 10.0.0.0/8"],
            ["X-Forwarded-For: 6.6.6.6, 203.0.113.7", "X-Forwarded-For: 10.1.2.3"],
            "http 203.0.113.7",
        ),
        (
            ["--proxy-headers", "--forwarded-allow-ips", "*"],
            ["X-Forwarded-For: 6.6.6.6, 203.0.113.7", "X-Forwarded-Host: evil.example"],
            "http 203.0.113.7",
        ),
    ],
)
def test_fields_name_the_client(options: list[str], fields: list[str], said: str) -> None:
    with running(APP, *options) as server:
        assert ask(server, get(*fields)) == f"{said} x.example"
        log = server.wait_for("GET /", 1)
        assert said.partition(" ")[2] in log
        assert "6.6.6.6" not in log


def test_who_believes_a_proxy_serves_https_targets_without_tls() -> None:
    absolute = get("X-Forwarded-Proto: https").replace(b" / ", b" https://y.example/ ", 1)
    with running(APP, "--proxy-headers") as server:
        assert ask(server, absolute) == "https 127.0.0.1 y.example"
    with running(APP) as server:
        assert ask(server, absolute) == "misdirected request"


@pytest.mark.parametrize("workers", ["1", "2"])
def test_the_proxy_protocol_names_the_client(workers: str) -> None:
    with running(APP, "--proxy-protocol", "--workers", workers) as server:
        for _ in range(4):
            assert ask(server, LINE + get()) == "http 203.0.113.7 x.example"
            assert ask(server, LINE, get("X-Forwarded-For: 6.6.6.6")).startswith("http 203.")
            assert ask(server, get()) == ""
        server.wait_for(r"closed for want of a PROXY header; the last from 127\.0\.0\.1: expected")
        assert "Traceback" not in server.output()
        waiting = socket.create_connection((server.host, server.port), DEADLINE_S)
        with waiting:
            assert server.stop() == 0


def test_the_proxy_protocol_comes_before_tls(tmp_path: Path) -> None:
    identities = Identities(tmp_path)
    options = identities.new("one").options
    with running(APP, "--proxy-protocol", "--proxy-headers", *options) as server:
        client = identities.client()
        for _ in range(3):
            assert ask(server, LINE, get(), context=client) == "https 203.0.113.7 x.example"
        with pytest.raises(OSError, match=r".*"):
            ask(server, b"", get(), context=client)
        assert ask(server, LINE + get()) == ""
        assert "Traceback" not in server.output()


def test_one_who_sends_a_header_slowly_is_closed() -> None:
    with running(APP, "--proxy-protocol", "--timeout-request-head", "1") as server:
        assert ask(server, LINE[:20]) == ""
        server.wait_for("no header within 1 seconds")


def test_what_was_refused_last_is_told_at_the_end() -> None:
    with running(APP, "--proxy-protocol", "--forwarded-allow-ips", "192.0.2.1") as server:
        for _ in range(5):
            address = server.host, server.port
            with socket.create_connection(address, DEADLINE_S) as client, suppress(ConnectionError):
                assert client.recv(1) == b""
        assert server.stop() == 0
        told = re.findall(r"(\d) connections were closed for want of a PROXY", server.output())
        assert sum(map(int, told)) == 5
