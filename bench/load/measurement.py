"""One measurement: wrk on one core against a server on another, for a few seconds.

Knows wrk and what its script prints. Refuses to know which server it is and how often it is
measured.

Invariant: a sample exists only where every answer was a good one.
"""

import http.client
import json
import re
import resource
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench.load.process import Cores, Server, busy_s, pinned
from bench.load.workload import Workload

SCRIPT = Path(__file__).with_name("load.lua")
THREADS = 1
ERRORS = ("connect", "read", "write", "timeout", "status")  # as load.lua names them
GRACE_S = 15  # wrk ends soon after its time, or something hangs
CHECK_S = 5


class BadAnswer(Exception):
    """Load that a server could not take; says so for a person."""


@dataclass(frozen=True)
class Load:
    """What wrk counted."""

    requests: int
    duration_s: float


@dataclass(frozen=True)
class Sample:
    """What one measurement found."""

    requests: int
    duration_s: float
    cpu_s: float  # of the server's process tree, user and system
    others_s: float = 0.0  # what neither server nor wrk used of the two cores

    @property
    def per_second(self) -> float:
        """Return the requests answered per second."""
        return self.requests / self.duration_s

    @property
    def cpu_us(self) -> float:
        """Return the processor time that the server spent per request, in microseconds."""
        return self.cpu_s / self.requests * 1e6

    @property
    def core(self) -> float:
        """Return the share of its core that the server used."""
        return self.cpu_s / self.duration_s


def parse_load(text: str) -> Load:
    """Read what wrk printed with our script; raise where an answer was missing or bad."""
    found = re.search(r"^load: (\{.*\})$", text, re.MULTILINE)
    if found is None:
        raise BadAnswer(f"wrk printed no result, but {text.strip()[-64:]!r}")
    counts: dict[str, int] = json.loads(found[1])
    wrong = [f"{counts[name]} {name}" for name in ERRORS if counts[name]]
    if wrong:
        raise BadAnswer(f"wrk counted errors: {', '.join(wrong)}")
    if not counts["requests"]:
        raise BadAnswer("no request was answered")
    return Load(counts["requests"], counts["duration_us"] / 1e6)


def check_answer(server: Server, workload: Workload) -> None:
    """Send one request and look at the answer."""
    head, _, body = workload.request.partition(b"\r\n\r\n")
    request, *fields = head.decode().split("\r\n")
    method, path, _ = request.split(" ")
    client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=CHECK_S)
    try:
        client.request(method, path, body or None, dict(field.split(": ", 1) for field in fields))
        answer = client.getresponse()
        got = answer.read()
    except (OSError, http.client.HTTPException) as error:
        raise BadAnswer(f"one request was not answered ({type(error).__name__})") from error
    finally:
        client.close()
    if answer.status != 200 or not workload.is_answered_by(got):
        raise BadAnswer(f"expected {workload.answer!r}; got {answer.status} with {got[:64]!r}")


def run_wrk(port: int, workload: Workload, seconds: int, core: int) -> Load:
    """Send the same bytes on all connections again and again."""
    with tempfile.NamedTemporaryFile() as file, pinned(core):
        file.write(workload.data)
        file.flush()
        command = ["wrk", f"-t{THREADS}", f"-c{workload.connections}", f"-d{seconds}s"]
        command += ["-s", str(SCRIPT), f"http://127.0.0.1:{port}/", "--", file.name]
        try:
            ran = subprocess.run(
                command, capture_output=True, text=True, timeout=seconds + GRACE_S, check=False
            )
        except subprocess.TimeoutExpired:
            raise BadAnswer(f"wrk did not end within {seconds + GRACE_S} s") from None
    return parse_load(ran.stdout + ran.stderr)


def children_s() -> float:
    """Return the processor time of the children that have ended: between two calls, of wrk."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(server: Server, workload: Workload, seconds: int, cores: Cores) -> Sample:
    """Put a server under load; it stays up."""
    try:
        check_answer(server, workload)
        cpu, busy, wrk = server.cpu_s(), busy_s(cores), children_s()
        load = run_wrk(server.port, workload, seconds, cores.load)
    finally:
        server.check()  # an end explains whatever went wrong
    cpu, busy, wrk = server.cpu_s() - cpu, busy_s(cores) - busy, children_s() - wrk
    return Sample(load.requests, load.duration_s, cpu, max(0.0, busy - cpu - wrk))
