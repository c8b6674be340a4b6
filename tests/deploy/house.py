"""The house of the page, served on free addresses, and clients that lose what a browser would hide.

Knows how to start it as the page says, and what clients to send. Refuses to know what stands in
between: `front.py` starts that.
"""

import http.client
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2]))  # `bench` is nowhere installed

from bench.lossless.client import Address as Address
from bench.lossless.client import Strict
from tests.deploy.page import files
from tests.support.server import DEADLINE_S, Server, eventually, launched

GET = b"GET / HTTP/1.1\r\nHost: house.example\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: house.example\r\nContent-Length: 3\r\n\r\nabc"
CLIENT = "127.0.0.9"  # not the address of the proxy, which is believed
INVENTED = {
    "X-Forwarded-For": "6.6.6.6",
    "X-Forwarded-Proto": "https",
    "Forwarded": "for=6.6.6.6;proto=https",
    "X-Real-IP": "6.6.6.6",
}
MORE = '''

SEEN: dict[object, int] = {}


@app.get("/connection")
def connection(request: Request) -> str:
    """Return which connection of this worker that is."""
    return str(SEEN.setdefault(request.transport, len(SEEN)))
'''


def house_files(folder: Path) -> None:
    """Save what is served."""
    (folder / "house.py").write_text(files()["house.py"] + MORE, encoding="utf-8")


@contextmanager
def house(folder: Path, bind: str, *options: str, more: Sequence[str] = ()) -> Iterator[Server]:
    """Serve the house at a place, after the words of `more`; enter once it accepts connections."""
    house_files(folder)
    command = [*more, sys.executable, "-m", "japy", "run", "house:app", "--bind", bind, *options]
    with launched(command, folder) as server:
        server.wait_for("Accepting connections on ")
        yield server


def crowd(address: Address) -> list[Strict]:
    """Return clients of all sorts, who never ask twice; most of what they ask is no GET."""
    return [
        Strict(address, request=POST),
        Strict(address, request=GET),
        *(Strict(address, request=POST, pause_s=0.05) for _ in range(6)),
        *(Strict(address, request=POST, pause_s=0.01, per_connection=1) for _ in range(2)),
        *(Strict(address, request=POST, pause_s=1.0) for _ in range(4)),
    ]


@contextmanager
def asked(address: Address) -> Iterator[list[Strict]]:
    """Have a crowd ask all the while."""
    clients = crowd(address)
    for client in clients:
        client.start()
    try:
        yield clients
    finally:
        for client in clients:
            client.finish()


def go_on(clients: Sequence[Strict]) -> None:
    """Wait until each client has got an answer, or lost one, since."""
    before = [client.answered + len(client.failures) for client in clients]

    def is_so() -> bool:
        pairs = zip(clients, before, strict=True)
        return all(client.answered + len(client.failures) > count for client, count in pairs)

    eventually(is_so)


def lost(clients: Sequence[Strict]) -> list[str]:
    """Return what was lost."""
    assert all(client.answered for client in clients)
    return [failure for client in clients for failure in client.failures]


def ask(address: tuple[str, int], count: int = 1, path: str = "/") -> list[str]:
    """Return the answers to requests with invented addresses, on one connection."""
    client = http.client.HTTPConnection(*address, timeout=DEADLINE_S, source_address=(CLIENT, 0))
    answers = []
    with closing(client):
        for _ in range(count):
            client.request("GET", path, headers={"Host": "house.example", **INVENTED})
            answer = client.getresponse()
            answers.append(answer.read().decode())
            assert answer.status == 200, answers
    return answers
