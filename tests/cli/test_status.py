"""`japy status`: how numbers are shown; tests/live/test_control.py asks real servers."""

from typing import Any

import pytest

from japy.cli.status import page, size, span
from japy.monitoring.ask import Refused

NUMBERS: dict[str, Any] = {
    "version": "1.0",
    "pid": 77,
    "state": "serving",
    "target": "app:app",
    "urls": ["http://127.0.0.1:80", "unix:/x"],
    "age_s": 3_700.0,
    "requests": 12_345,
    "in_flight": 2,
    "connections": 3,
    "turned_away": 0,
    "restarts": {"crash": 1, "hang": 0, "reload": 2},
    "workers": [
        {
            "worker": 1,
            "pid": 78,
            "state": "serving",
            "age_s": 5.04,
            "rss": 30 << 20,
            "connections": 3,
            "in_flight": 2,
            "requests": 12_000,
            "lag_s": 0.0012,
            "restarts": 3,
            "why": "crash: \033[2J",
        },
    ],
}


def test_the_page() -> None:
    assert page(NUMBERS) == (
        "japy 1.0, pid 77, serving: app:app on http://127.0.0.1:80, unix:/x, for 1h 01m\n"
        "12,345 requests, 2 in flight, 3 connections, 3 restarts (1 crash, 2 reload)\n"
        "\n"
        "WORKER  PID  STATE     AGE       RSS  CONNECTIONS  IN FLIGHT  REQUESTS     LAG"
        "  RESTARTS  WHY\n"
        "     1   78  serving  5.0s  30.0 MiB            3          2    12,000  1.2 ms"
        "         3  crash: ?[2J"
    )


def test_a_place_that_waits() -> None:
    (worker,) = NUMBERS["workers"]
    text = page({**NUMBERS, "workers": [{**worker, "pid": None, "state": "waiting", "rss": 0}]})
    assert text.splitlines()[-1].split()[:5] == ["1", "-", "waiting", "5.0s", "-"]


def test_nobody_there_and_some_turned_away() -> None:
    text = page({**NUMBERS, "workers": [], "turned_away": 4})
    assert "3 connections, 4 turned away, 3 restarts" in text
    assert text.endswith("There are no workers.")


def test_another_version() -> None:
    with pytest.raises(Refused, match="use the one that runs it"):
        page({"version": "9"})


def test_units() -> None:
    assert [span(s) for s in (0.26, 59.9, 60, 3599, 90_000)] == [
        "0.3s",
        "59.9s",
        "1m 00s",
        "59m 59s",
        "1d 01h",
    ]
    assert [size(n) for n in (0, 5, 2048, 3 << 30)] == ["-", "5 B", "2.0 KiB", "3.0 GiB"]
