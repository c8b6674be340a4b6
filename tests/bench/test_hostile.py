"""bench/hostile: what its clients understand, what it takes for a fault, and one short attack."""

import asyncio
import dataclasses
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from bench.hostile import report
from bench.hostile.cli import chosen
from bench.hostile.client import Answer, Reader, Tally, Target
from bench.hostile.flood import EXCESSES, STATUS, TOTAL, count_answers
from bench.hostile.hold import describe
from bench.hostile.party import Failed, Party, attackers
from bench.hostile.scenario import MIB, SCENARIOS, Scenario
from bench.hostile.slow import read_printed
from bench.hostile.soak import Sample, Soak
from bench.hostile.soak import judge as judge_soak
from bench.hostile.subject import Look
from bench.hostile.trial import Aftermath, Battle, Outcome, judge
from bench.hostile.visitor import Diary, Latency, Stay, percentile, questions
from bench.load.peer import Refused

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(sys.platform != "linux", reason="bench/hostile reads Linux's /proc"),
]
TOP = Path(__file__).resolve().parents[2]
PRINTED = """\x1b[0m
slow HTTP test status on \x1b[0;32m{second}\x1b[1;32mth second:

\x1b[1;32minitializing:\x1b[1;32m        0
\x1b[1;32mconnected:   \x1b[1;32m        {connected}
\x1b[1;32merror:       \x1b[1;32m        0
\x1b[1;32mclosed:      \x1b[1;32m        {closed}
\x1b[1;32mservice available:\x1b[1;32m   \x1b[1;32m{available}\x1b[0m
"""
STAY = Stay(1000, {}, Latency(0.3, 5.0, 9.0), Latency(0.4, 6.0, 10.0))
BEFORE = Look(30 * MIB, 15)
BATTLE = Battle(STAY, {"200": 10}, Look(40 * MIB, 60), 25, 0.5, 0.01)
AFTER = Aftermath(Look(40 * MIB, 15), 31 * MIB, 0, 12)
CALM = Outcome("none", "nothing happens", STAY, BEFORE, BATTLE, AFTER)


async def nothing(target: Target, tally: Tally) -> None:
    """Attack nobody."""
    tally["nothing"] += target.count


SCENARIO = Scenario("none", "nothing happens", nothing, 1, frozenset({"200"}), bound=16 * MIB)


# What clients understand.


async def read_answers(*pieces: bytes) -> list[Answer | None]:
    """Return what a Reader makes of bytes that come in pieces, its None included."""
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    with ours:
        with theirs:
            for piece in pieces:
                theirs.sendall(piece)
        reader = Reader(ours)
        answers: list[Answer | None] = []
        while not answers or answers[-1] is not None:
            answers.append(await reader.answer())
        return answers


def test_answers_are_read_one_by_one() -> None:
    data = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"
    interim = b"HTTP/1.1 100 Continue\r\n\r\n"
    data += interim + b"HTTP/1.1 404 Not Found\r\ncontent-length: 70000\r\n\r\n" + b"x" * 70000
    first, second, end = asyncio.run(read_answers(data[:20], data[20:]))
    assert first == Answer(200, b"HTTP/1.1 200 OK\r\nContent-Length: 2", 2, b"hi")
    assert second is not None
    assert (second.status, second.size, second.body) == (404, 70000, b"")
    assert end is None


@pytest.mark.parametrize("left", [b"HTTP/1.1 2", STATUS + b"Content-Length: 3\r\n\r\nhi"])
def test_half_an_answer_is_none(left: bytes) -> None:
    assert asyncio.run(read_answers(left)) == [None]


def test_answers_are_counted_across_reads() -> None:
    async def count() -> int:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        data = (STATUS + b"Content-Length: 2\r\n\r\nhi") * 50
        with ours, theirs:
            counting = asyncio.create_task(count_answers(ours, 50))
            for pos in range(0, len(data), 7):
                theirs.sendall(data[pos : pos + 7])
                await asyncio.sleep(0)
            return await counting

    assert asyncio.run(count()) == 50


def test_refusals_are_looked_at() -> None:
    fine = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nconnection: close"
    assert describe(Answer(503, fine, 0, b"")) == "503"
    assert describe(Answer(503, fine[:50], 0, b"")) == "503 without Connection: close"
    assert describe(Answer(200, b"", 0, b"")) == "200"
    assert describe(None) == "closed without an answer"


def test_output_of_slowhttptest_is_read() -> None:
    texts = [
        PRINTED.format(second=0, connected=7, closed=0, available="YES"),
        PRINTED.format(second=5, connected=100, closed=900, available="YES"),
    ]
    counts = {"slowhttptest runs": 1, "connected": 100, "closed": 900}
    assert read_printed("".join(texts)) == counts
    texts += [PRINTED.format(second=10, connected=0, closed=1000, available="NO")]
    counts = {"slowhttptest runs": 1, "closed": 1000, "service not available": 1}
    assert read_printed("".join(texts)) == counts


def test_no_good_request_comes_twice() -> None:
    asked = questions("keeper0")
    requests = [next(asked) for _ in range(400)]
    told_apart = [request for request, _ in requests if b"keeper0" in request]
    assert len(told_apart) == len(set(told_apart)) == 200
    assert all(expected for _, expected in requests)


def test_latencies_become_percentiles() -> None:
    assert percentile([], 0.5) == 0.0
    assert [percentile(range(100), part) for part in (0.0, 0.5, 0.99, 1.0)] == [0, 50, 99, 99]
    diary = Diary([0.003, 0.001, 0.002], [0.004])
    diary.failures["status 500"] += 1
    assert diary.close() == Stay(
        4, {"status 500": 1}, Latency(2.0, 3.0, 3.0), Latency(4.0, 4.0, 4.0)
    )


def test_what_exceeds_a_limit_has_no_end_before_it() -> None:
    for excess in EXCESSES:
        assert 0 < len(excess.rest) < TOTAL
        assert excess.status >= 400


# Processes.


def test_processes_return_what_they_saw() -> None:
    target = Target(1, time.monotonic(), 3)
    party = attackers(nothing, [target, target], 0)
    try:
        assert party.results() == [{"nothing": 3}] * 2
        assert party.is_done()
    finally:
        party.kill()


async def fail(target: Target) -> None:
    """Be a client that ends in the middle of it."""
    sys.exit(7)


def test_a_process_that_fails_is_no_result() -> None:
    party = Party(fail, [Target(1, time.monotonic(), 1)], 0)
    try:
        with pytest.raises(Failed, match="status 7"):
            party.results()
    finally:
        party.kill()


# What is a fault.


def test_calm_is_no_fault() -> None:
    assert list(judge(SCENARIO, CALM, 20)) == []


def fought(**change: Any) -> Outcome:
    """Return an outcome with another battle."""
    return dataclasses.replace(CALM, battle=dataclasses.replace(BATTLE, **change))


def felt(**change: Any) -> Outcome:
    """Return an outcome where good clients saw something else."""
    return fought(good=dataclasses.replace(STAY, **change))


def left(**change: Any) -> Outcome:
    """Return an outcome with another aftermath."""
    return dataclasses.replace(CALM, after=dataclasses.replace(AFTER, **change))


@pytest.mark.parametrize(
    ("found", "fault"),
    [
        (felt(failures={"status 503": 2}), "2 of 1,000 good requests failed"),
        (felt(requests=0), "0 of 0 good requests failed"),
        (felt(kept=Latency(1.0, 1500.0, 2000.0)), "p99 of good clients is 1500 ms"),
        (
            felt(new=Latency(1.0, 3000.0, 3000.0)),
            "p99 of good clients on new connections is 3000 ms",
        ),
        (fought(peak=Look(47 * MIB, 60)), "17 MiB needed, bound 16"),
        (fought(tally={"200": 1, "500": 4}), "clients saw 4 x 500"),
        (fought(tally={"requests": 5, "answers": 4}), "5 requests, 4 answers"),
        (left(trimmed=45 * MIB), "15.0 MiB stay in use"),
        (left(look=Look(75 * MIB, 15)), "45.0 MiB are kept"),
        (left(look=Look(30 * MIB, 17)), "2 descriptors left"),
        (left(connections=3), "3 connections left"),
        (left(blocks=11_000), "11,000 allocations left"),
    ],
)
def test_faults(found: Outcome, fault: str) -> None:
    expected = frozenset({"200", "requests", "answers"})
    scenario = dataclasses.replace(SCENARIO, expected=expected)
    (only,) = judge(scenario, found, 20)
    assert only.startswith(fault)


def test_what_has_to_be_seen_takes_time() -> None:
    scenario = dataclasses.replace(SCENARIO, wanted=frozenset({"408"}), is_let_go=True)
    found = fought(late_fds=60)
    assert list(judge(scenario, found, 5)) == []
    assert list(judge(scenario, found, 20)) == ["35 connections still held", "no client saw 408"]


def test_the_table_tells_faults_apart() -> None:
    bad = dataclasses.replace(CALM, name="bad", faults=["1 descriptors left"])
    _, fine, wrong = report.table([CALM, bad]).splitlines()
    assert fine.split()[0] == "none"
    assert fine.endswith("ok")
    assert wrong.endswith("FAULT")
    assert report.disturbance([CALM]) == ""
    loud = felt(waited=0.4, kept=Latency(1.0, 9e3, 9e3))
    assert "cores during none: " in report.disturbance([CALM, loud])
    assert list(judge(SCENARIO, loud, 20)) == []
    assert report.words({"200": 3, "503": 1000}) == "1,000 x 503, 3 x 200"


def test_scenarios_are_chosen_by_name() -> None:
    assert chosen(None) == list(SCENARIOS)
    assert [each.name for each in chosen("idle,churn")] == ["idle", "churn"]
    with pytest.raises(Refused, match="no scenario called sloth: choose from slowloris, "):
        chosen("sloth,idle")


def soaked(kib_per_minute: float, noise_kib: Sequence[int] = (0, 900, -300, 400)) -> Soak:
    """Return a soak of half an hour that grows that much."""
    samples = [
        Sample(
            minute=number / 6,
            rss=int((40_000 + kib_per_minute * number / 6 + noise_kib[number % 4]) * 1024),
            fds=90,
            requests=4000,
            failed=0,
            p99_ms=5.0,
            new_p99_ms=5.0,
        )
        for number in range(1, 181)
    ]
    return Soak(samples, {"right answers": 10}, 40 * MIB, 41 * MIB, 15, 15, 0, 99)


def test_noise_is_no_growth() -> None:
    flat = soaked(0)
    assert abs(flat.kib_per_minute) < 10
    assert judge_soak(flat) == []


def test_growth_is_a_fault() -> None:
    growing = soaked(500)
    assert growing.kib_per_minute == pytest.approx(500, abs=10)
    assert judge_soak(growing) == [f"RSS grows by {growing.kib_per_minute:.0f} KiB a minute"]


def test_one_step_is_a_higher_peak() -> None:
    flat = soaked(0)
    late = [dataclasses.replace(each, rss=each.rss + 2 * MIB) for each in flat.samples[140:]]
    assert judge_soak(dataclasses.replace(flat, samples=flat.samples[:140] + late)) == []


def test_growth_of_the_first_half_does_not_count() -> None:
    flat = soaked(0)
    early = [dataclasses.replace(each, rss=each.rss // 2) for each in flat.samples[:60]]
    assert judge_soak(dataclasses.replace(flat, samples=early + flat.samples[60:])) == []


# The whole.


@pytest.mark.skipif(os.cpu_count() == 1, reason="clients need a core of their own")
def test_a_short_attack() -> None:
    command = [sys.executable, str(TOP / "bench" / "hostile"), "--seconds", "1", "--only", "churn"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "1 of 1 scenarios without a fault" in ran.stdout
    assert "Saved bench/results/quick.hostile.json" in ran.stdout


def test_a_name_that_is_none() -> None:
    command = [sys.executable, str(TOP / "bench" / "hostile"), "--only", "sloth"]
    ran = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert ran.returncode == 2
    assert "There is no scenario called sloth: choose from slowloris, " in ran.stderr
    assert ran.stdout.count("\n") == 1
