"""The formats of an access log: golden lines, and that no client can break one."""

import json
import os
import re
import subprocess
import sys
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from japy import Response
from japy.logs.access import (
    ATOMS,
    FormatError,
    about_entry,
    escaped,
    form,
    json_entry,
    json_line,
    summary,
)
from tests.support.entry import NOON, new_entry

ZONE = time.strftime("%z", time.localtime(NOON))
DATE = f"[11/Oct/2026:12:30:05 {ZONE}]"
FULL = b'Referer: http://r/\r\nUser-Agent: curl "7\\8"\r\nAuthorization: Basic Ym9iIHk6cHc=\r\n'
KEYS = [
    *("ts", "level", "logger", "msg", "pid", "worker", "request_id", "method", "path", "route"),
    *("status", "dur_ms", "bytes", "client"),
]


@pytest.mark.parametrize(
    ("atom", "line"),
    [
        ("%(h)s", "192.0.2.1"),
        ("%(l)s", "-"),
        ("%(u)s", r"bob\x20y"),
        ("%(t)s", DATE),
        ("%(r)s", "GET /a%20b?x=1 HTTP/1.1"),
        ("%(m)s", "GET"),
        ("%(U)s", "/a b"),
        ("%(q)s", "x=1"),
        ("%(H)s", "HTTP/1.1"),
        ("%(s)s", "200"),
        ("%(B)s", "5"),
        ("%(b)s", "5"),
        ("%(f)s", "http://r/"),
        ("%(a)s", r"curl \"7\\8\""),
        ("%(T)s", "1"),
        ("%(M)s", "1234"),
        ("%(D)s", "1234567"),
        ("%(L)s", "1.234567"),
        ("%(R)s", "/{name}"),
        ("%({referer}i)s", "http://r/"),
        ("%({x-none}i)s", "-"),
        ("%({Content-Type}o)s", "text/plain; charset=utf-8"),
        ("%({content-length}o)s", "5"),
        ("%({x-none}o)s", "-"),
        ("%({REQUEST_METHOD}e)s", "GET"),
        ("%({PATH_INFO}e)s", "/a b"),
        ("%({QUERY_STRING}e)s", "x=1"),
        ("%({REMOTE_ADDR}e)s", "192.0.2.1"),
        ("%({SERVER_PROTOCOL}e)s", "HTTP/1.1"),
        ("%({JAPY_TEST_HOST}e)s", "tower"),
        ("%({JAPY_TEST_NONE}e)s", "-"),
        ("100%% of %(m)s", "100% of GET"),
        ("%(m)-5s|%(m)5s|%(r).6s|", "GET  |  GET|GET /a|"),
    ],
)
def test_each_atom_has_its_value(atom: str, line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JAPY_TEST_HOST", "tower")
    assert form(atom)(new_entry(fields=FULL, pattern="/{name}")) == line


def test_the_process_is_this_one() -> None:
    assert form("%(p)s")(new_entry()) == f"<{os.getpid()}>"


def test_every_atom_of_gunicorns_is_known() -> None:
    assert set("hlutrmUqHsBbfaTMDLp") <= set(ATOMS)


def test_what_is_not_there_is_a_dash() -> None:
    entry = new_entry("/", method="HEAD", response=Response(code=204))
    assert form("%(u)s %(q)s %(b)s %(B)s %(f)s %(a)s %(R)s")(entry) == "- - - 0 - - -"


@pytest.mark.parametrize("word", [b"Basic %%%", b"Basic", b"Bearer Ym9iOnB3", b"Basic !"])
def test_what_is_no_user_is_a_dash(word: bytes) -> None:
    line = form("%(u)s")(new_entry(fields=b"Authorization: " + word + b"\r\n"))
    assert line == "-"


def test_combined_is_what_apache_writes() -> None:
    line = form("combined")(new_entry(fields=FULL))
    assert line == (
        rf'192.0.2.1 - bob\x20y {DATE} "GET /a%20b?x=1 HTTP/1.1" 200 5 "http://r/" '
        r'"curl \"7\\8\""'
    )


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("jsom", "expected combined, json or a format .*; got 'jsom' .did you mean json"),
        ("", "expected combined, json or a format"),
        ("hello", "expected combined, json or a format"),
        ("%(h)s %(x)s", r"expected an atom of h l u .*; got %\(x\)s"),
        ("%(h)s 5%", "expected %.atom.s, or %% for a percent sign; got '%'"),
        ("%(h)d", r"got '%\(h\)d'"),
        ("%h %l", "got '%h %l'"),
        ("%({x}z)s", "expected %.atom.s"),
        ("%(h)s\n%(r)s", "expected one line"),
    ],
)
def test_a_format_that_says_nothing_is_refused(text: str, reason: str) -> None:
    with pytest.raises(FormatError, match=reason):
        form(text)


# Injection.

EVIL = "/x%0d%0a127.0.0.1%20-%20root%1b[2K%00%22%5c%e2%80%ae%ff"
EVERYTHING = "|".join([*(f"%({atom})s" for atom in ATOMS), "%({evil}i)s", "%({evil}o)s"])


@pytest.mark.parametrize("text", ["combined", "json", EVERYTHING, '"%(U)s" "%({PATH_INFO}e)s"'])
def test_a_client_cannot_break_a_line(text: str) -> None:
    # What a parser lets through: octets beyond ASCII, among them C1 controls (CSI is one byte).
    fields = b'Evil: \x9b2J\x85 \xff"\\\r\nUser-Agent: \x9b31m"\r\nX-Request-ID: a\x85b\r\n'
    response = Response("x", headers={"Evil": "\x9b\x85"})
    line = form(text)(new_entry(f"{EVIL}?%0d\x9b\x85\xff", fields=fields, response=response))
    assert line.isprintable()
    assert len(line.splitlines()) == 1
    assert line.encode()


def test_what_is_between_quotes_stays_there() -> None:
    line = form('"%(U)s" %(s)s')(new_entry("/%22%20200%20%22%5c"))
    assert line == r'"/\" 200 \"\\" 200'


@given(st.text())
def test_nothing_that_is_escaped_breaks_a_line(text: str) -> None:
    line = escaped(text)
    assert line.isprintable()
    assert not re.search(r'(?<!\\)(?:\\\\)*"', line)
    assert line.encode()


# JSON.


def test_json_has_the_keys_in_their_order() -> None:
    entry = new_entry(fields=b"X-Request-ID: abc-1.2_3\r\n", pattern="/{name}")
    line = json.loads(form("json", 3)(entry))
    assert list(line) == KEYS
    assert line == {
        "ts": time.strftime("%Y-%m-%dT%H:%M:%S.062Z", time.gmtime(NOON)),
        "level": "INFO",
        "logger": "japy.access",
        "msg": "192.0.2.1 GET /a b 200",
        "pid": os.getpid(),
        "worker": 3,
        "request_id": "abc-1.2_3",
        "method": "GET",
        "path": "/a b",
        "route": "/{name}",
        "status": 200,
        "dur_ms": 1234.567,
        "bytes": 5,
        "client": "192.0.2.1",
    }


@pytest.mark.parametrize("name", ["", "a b", 'a"b', "x" * 129, "é"])
def test_an_id_that_is_none_is_not_logged(name: str) -> None:
    fields = f"X-Request-ID: {name}\r\n".encode("latin-1")
    assert json.loads(form("json")(new_entry(fields=fields)))["request_id"] is None


def test_the_id_of_an_answer_counts_more_than_that_of_its_request() -> None:
    response = Response(headers={"X-Request-ID": "made here"})
    entry = new_entry(fields=b"X-Request-ID: theirs\r\n", response=response)
    assert json.loads(form("json")(entry))["request_id"] == "made here"


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_the_fast_way_to_json_leads_where_the_other_does(method: str) -> None:
    entry = new_entry(EVIL, method=method, fields=b"X-Request-ID: 1\r\n", pattern="/{name}")
    message = summary(entry.request, entry.code)
    line = json_line(entry.time, "INFO", "japy.access", message, 7, about_entry(entry))
    assert json_entry(entry, 7) == line


def nested(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.lists(inner) | st.dictionaries(st.text(), inner)


SINGLE = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
JSON_VALUES = st.recursive(SINGLE, nested, max_leaves=5)


@given(st.dictionaries(st.text(), JSON_VALUES | st.builds(object)))
def test_whatever_is_in_a_record_it_is_a_line_of_json(more: dict[str, Any]) -> None:
    line = json_line(0.0, "INFO", "x", "message", None, more)
    assert line.isascii()
    assert line.isprintable()
    assert set(json.loads(line, parse_constant=pytest.fail)) >= set(more)


def test_what_json_has_no_word_for_is_shown() -> None:
    endless: list[object] = []
    endless.append(endless)
    more = {"set": {1}, "nan": float("nan"), "endless": endless, "keys": {(1, 2): 3}}
    line = json.loads(json_line(0.0, "INFO", "x", "m", None, more))
    assert (line["set"], line["nan"]) == ("{1}", "nan")
    assert line["endless"] == "[[...]]"
    assert line["keys"] == "{(1, 2): 3}"


def test_checking_a_format_does_not_take_the_server() -> None:
    code = "import sys, japy.logs.access; sys.exit('japy.core.request' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], timeout=60).returncode == 0
