"""Exposition: what Prometheus' own parser reads of it, whatever stands in the labels."""

import re
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from japy.monitoring.exposition import exposition
from japy.monitoring.tally import BOUNDS, SUM, WIDTH, Counts, Labels
from japy.supervisor.ledger import Reason

WORKER = {"worker": 1, "state": "serving", "lag_s": 0.25, "rss": 5 << 20, "started": 1e9}
REPORT: dict[str, Any] = {
    "version": "1.0",
    "state": "serving",
    "wanted": 3,
    "restarts": {reason.value: 0 for reason in Reason} | {"crash": 2},
    "connections": 7,
    "turned_away": 1,
    "in_flight": 4,
    "rss": 6 << 20,
    "started": 1e9,
    "workers": [
        WORKER,
        {**WORKER, "state": "starting"},
        {**WORKER, "worker": 2, "state": "hangs", "lag_s": 2.5},
        {**WORKER, "worker": 2, "state": "leaving"},
    ],
}
FAST, SLOW = 0, len(BOUNDS)  # buckets


def numbers(bucket: int, count: int, seconds: float) -> tuple[int, ...]:
    """Return what answers of one duration come to."""
    found = [0] * WIDTH
    found[bucket], found[SUM] = count, int(seconds * 1e9)
    return tuple(found)


COUNTS: Counts = {
    Labels("GET", "200", "/"): numbers(FAST, 5, 0.002),
    Labels("GET", "500", "/"): numbers(SLOW, 1, 60),
    Labels("GET", "404", "unmatched"): numbers(FAST, 3, 0.001),
}
Samples = dict[str, dict[tuple[str, ...], float]]


def parsed(counts: Counts, **changes: object) -> Samples:
    """Return the samples by name and values of labels, as Prometheus' parser reads them."""
    found: Samples = {}
    text = exposition({**REPORT, **changes}, counts).decode()
    for family in text_string_to_metric_families(text):
        assert family.documentation
        assert family.type in ("counter", "gauge", "histogram")
        for sample in family.samples:
            values = tuple(sample.labels.values())
            assert values not in found.setdefault(sample.name, {}), "a series that is there twice"
            found[sample.name][values] = sample.value
    return found


def test_requests_are_counted_and_timed() -> None:
    found = parsed(COUNTS)
    assert found["japy_requests_total"] == {
        ("GET", "/", "200"): 5,
        ("GET", "/", "500"): 1,
        ("GET", "unmatched", "404"): 3,
    }
    buckets = found["japy_request_duration_seconds_bucket"]
    assert buckets["GET", "/", "0.001"] == buckets["GET", "/", "10.0"] == 5
    assert buckets["GET", "/", "+Inf"] == 6
    assert found["japy_request_duration_seconds_count"]["GET", "/"] == 6
    assert found["japy_request_duration_seconds_sum"]["GET", "/"] == 60.002


def test_gauges_are_those_of_now() -> None:
    found = parsed({})
    assert found["japy_workers"] == {(): 1}
    assert found["japy_workers_wanted"] == {(): 3}
    assert found["japy_connections"] == {(): 7}
    assert found["japy_requests_in_progress"] == {(): 4}
    assert found["japy_connections_turned_away_total"] == {(): 1}
    assert found["japy_event_loop_lag_seconds"] == {("1",): 0.25, ("2",): 2.5}
    memory = found["process_resident_memory_bytes"]
    assert memory == {("master",): 6 << 20, ("1",): 5 << 20, ("2",): 5 << 20}
    assert set(found["process_start_time_seconds"].values()) == {1e9}
    assert found["japy_info"] == {("1.0",): 1}


def test_restarts_have_all_their_reasons() -> None:
    found = parsed({})["japy_worker_restarts_total"]
    assert found == {(reason.value,): 2 * (reason is Reason.CRASH) for reason in Reason}


def test_a_reload_that_failed() -> None:
    assert parsed({})["japy_last_reload_successful"] == {(): 1}
    assert parsed({}, state="reload failed")["japy_last_reload_successful"] == {(): 0}


def test_every_family_has_help_and_type_before_its_samples() -> None:
    lines = exposition(REPORT, COUNTS).decode().splitlines()
    seen = []
    for before, line in pairwise(lines):
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert before.startswith(f"# HELP {name} ")
            seen.append(name)
        elif not line.startswith("#"):
            assert re.match(rf"{seen[-1]}(_bucket|_sum|_count)?[{{ ]", line)
    assert len(set(seen)) == len(seen)


LABEL = st.text(st.characters(exclude_categories=["Cs"]))


@given(LABEL)
def test_any_pattern_comes_back(route: str) -> None:
    text = exposition(REPORT, {Labels("GET", "200", route): numbers(FAST, 1, 0)})
    line = next(
        line for line in text.split(b"\n") if line.startswith(b"japy_requests_total{")
    ).decode()
    (family,) = text_string_to_metric_families(line.replace("\r", "") + "\n")
    assert family.samples[0].labels["route"] == route.replace("\r", "")
