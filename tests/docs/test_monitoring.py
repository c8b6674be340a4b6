"""The page about looking inside says what is so: what it shows is done, its lists are compared."""

import dataclasses
import json
import re
import socket
from pathlib import Path
from typing import Any

import pytest

from japy.monitoring import exposition
from japy.monitoring.control import read
from japy.monitoring.exposition import Family
from japy.supervisor.ledger import Reason
from tests.docs.document import TOP, Block, Command, blocks, commands
from tests.docs.stage import Stage, run_curl, run_server, run_shell
from tests.support.server import running

PAGE = TOP / "docs" / "monitoring.md"
METRICS = "127.0.0.1:9090"  # what the page shows
TITLES = ("app.py", "the lines", "traced.py")


def block_of(title: str) -> Block:
    """Return a block of the page."""
    (block,) = (block for block in blocks(PAGE) if block.title == title)
    return block


def test_what_the_page_shows_happens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAPY_CONTROL_SOCKET", str(tmp_path / "control.sock"))
    (tmp_path / "app.py").write_text(block_of("app.py").text, encoding="utf-8")
    stage, place = Stage(tmp_path), free_place()
    try:
        for block in blocks(PAGE):
            for command in () if block.title else commands(block):
                text, output = (
                    part.replace(METRICS, place) for part in (command.text, command.output)
                )
                run(stage, dataclasses.replace(command, text=text, output=output))
    finally:
        stage.stop()


def free_place() -> str:
    """Return an address that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"127.0.0.1:{listener.getsockname()[1]}"


def run(stage: Stage, command: Command) -> None:
    """Do what is typed."""
    if command.text.startswith("japy run "):
        run_server(stage, command)
    else:
        (run_curl if command.text.startswith("curl ") else run_shell)(stage, command)


def test_every_block_is_executed_or_compared() -> None:
    for block in blocks(PAGE):
        assert block.title in TITLES if block.title else block.language == "console", block.place


def test_the_reasons_are_those_that_there_are() -> None:
    row = PAGE.read_text(encoding="utf-8").partition("| RESTARTS, WHY |")[2].partition("\n")[0]
    assert set(re.findall(r"`([\w-]+)`", row)) == {reason.value for reason in Reason}


def test_the_lines_are_requests() -> None:
    verbs = [read(line.encode())["verb"] for line in block_of("the lines").text.splitlines()]
    assert verbs == ["status", "reload", "scale", "stacks", "stop"]


def test_the_metrics_are_those_that_there_are() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("| name | labels |")[2].partition("\n\n")[0]
    named = re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)
    found = [value for value in vars(exposition).values() if isinstance(value, Family)]
    assert sorted(named) == sorted(family.name for family in found)


# OpenTelemetry.

TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def test_the_recipe_for_tracing(tmp_path: Path) -> None:
    (tmp_path / "traced.py").write_text(block_of("traced.py").text, encoding="utf-8")
    with running("traced:app", "--workers", "2", cwd=tmp_path) as server:
        workers = server.children()
        for _ in range(40):
            with socket.create_connection(("127.0.0.1", server.port), timeout=20) as client:
                client.sendall(
                    b"GET /users/7 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                    + f"traceparent: 00-{TRACE}-{PARENT}-01\r\n\r\n".encode()
                )
                assert b"".join(iter(lambda: client.recv(1000), b"")).endswith(b"User 7\n")
        assert server.get("/nowhere")[0] == 404
        server.process.terminate()
        assert server.wait() == 0  # what was not sent yet is sent at the shutdown
        spans = [json.loads(line) for line in server.output().splitlines() if line[:1] == "{"]
    requests = [span for span in spans if span["name"] == "GET /users/{id:int}"]
    assert len(requests) == 40
    assert {one["parent_id"] for one in requests} == {f"0x{PARENT}"}
    assert {one["context"]["trace_id"] for one in requests} == {f"0x{TRACE}"}
    assert {one["attributes"]["http.response.status_code"] for one in requests} == {200}
    assert {one["attributes"]["http.route"] for one in requests} == {"/users/{id:int}"}
    assert {instance(one) for one in requests} == {str(pid) for pid in workers}
    inner = [span for span in spans if span["name"] == "load user"]
    parents = {one["context"]["span_id"] for one in requests}
    assert {one["parent_id"] for one in inner} == parents
    (missed,) = (span for span in spans if span["name"] == "GET")
    assert missed["attributes"]["http.response.status_code"] == 404
    assert missed["parent_id"] is None


def instance(span: dict[str, Any]) -> str:
    """Return the process that a span comes from."""
    return str(span["resource"]["attributes"]["service.instance.id"])
