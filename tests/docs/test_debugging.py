"""What chapter 15 says of `breakpoint()` under `japy run`: you type where the server runs."""

import contextlib
import http.client
import sys
import threading
from pathlib import Path

from tests.docs.stage import JAPY, plain_environment
from tests.docs.terminal import Terminal
from tests.support.server import ANNOUNCED, DEADLINE_S

PDB = "(Pdb) "
SOURCE = """
from japy import Application, Request, Response
app = Application()
@app.get("/{word}")
def handler(request: Request) -> Response:
    breakpoint()
    word = request.match_dict["word"]
    return request.Response(word)
"""


def test_a_breakpoint_stops_in_the_terminal_of_the_server(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(SOURCE, encoding="utf-8")
    got: list[bytes] = []
    variables = {**plain_environment(), "TERM": "dumb"}
    with Terminal(f"{JAPY} run app:app --port 0", tmp_path, variables) as terminal:
        announced = ANNOUNCED.search(terminal.read_until("\r\n"))
        assert announced is not None
        asking = threading.Thread(target=ask, args=(int(announced[3]), got))
        asking.start()
        assert "app.py" in terminal.read_until(PDB)
        if sys.version_info >= (3, 13):  # where pdb stops at breakpoint() itself
            terminal.type("next")
            terminal.read_until(PDB)
        terminal.type("p request.path")
        assert "'/milk'" in terminal.read_until(PDB)
        terminal.type("continue")
        asking.join(DEADLINE_S)
    assert got == [b"milk"]


def ask(port: int, got: list[bytes]) -> None:
    """Ask the server, and keep what it answers."""
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE_S)
    with contextlib.closing(client):
        client.request("GET", "/milk")
        got.append(client.getresponse().read())
