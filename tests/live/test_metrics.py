"""Metrics and health of a real server: sums that are true, whoever dies, and are never slow."""

import http.client
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.server import DEADLINE_S, Server, eventually, launched, running

APP = """
import asyncio, os
from japy import Application
app = Application()

@app.route("/")
def hello(request):
    return request.Response(text=str(os.getpid()))

@app.get("/users/{id:int}")
def user(request):
    return request.Response(text="user")

@app.route("/fail")
def fail(request):
    raise LookupError("on purpose")

@app.route("/wait/{s}")
async def wait(request):
    await asyncio.sleep(float(request.match_dict["s"]))
    return request.Response(text="waited")

@app.before_request
def locked(request):
    if request.path == "/-/healthy":
        return request.Response(text="no password", code=401)
"""
Samples = dict[tuple[str, ...], float]


class Scraper:
    """A server, and who asks for its metrics."""

    def __init__(self, server: Server) -> None:
        self.server = server
        found = re.search(r"Metrics are at http://127\.0\.0\.1:(\d+)/metrics\n", server.output())
        assert found is not None
        self.port = int(found[1])

    def get(self, path: str = "/metrics") -> tuple[int, str]:
        """Return status and body of an answer of the metrics' own."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=DEADLINE_S)
        client.request("GET", path)
        with client.getresponse() as answer:
            text = answer.read().decode()
            assert path != "/metrics" or answer.headers["Content-Type"] == (
                "text/plain; version=0.0.4; charset=utf-8"
            )
        client.close()
        return answer.status, text

    def samples(self) -> dict[str, Samples]:
        """Return all samples."""
        status, text = self.get()
        assert status == 200
        found: dict[str, Samples] = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                found.setdefault(sample.name, {})[tuple(sample.labels.values())] = sample.value
        return found

    def requests(self) -> Samples:
        """Return how many requests were answered: by method, route and status."""
        return self.samples().get("japy_requests_total", {})

    def total(self) -> float:
        """Return how many they were."""
        return sum(self.requests().values())


@contextmanager
def scraped(*args: str) -> Iterator[Scraper]:
    """Serve with metrics on a free port."""
    with running(APP, "--metrics-bind", "127.0.0.1:0", *args) as server:
        yield Scraper(server)


def test_requests_are_counted_by_route_method_and_status() -> None:
    with scraped("--workers", "2") as scraper:
        for number in range(30):
            scraper.server.get(f"/users/{number}")
            scraper.server.get(f"/none/{number}")
        for path in ("/", "/fail", "/wait/0.31"):  # uvloop may wait a millisecond less
            scraper.server.get(path)
        found = scraper.samples()
        assert found["japy_requests_total"] == {
            ("GET", "/", "200"): 1,
            ("GET", "/fail", "500"): 1,
            ("GET", "/users/{id:int}", "200"): 30,
            ("GET", "/wait/{s}", "200"): 1,
            ("GET", "unmatched", "404"): 30,
        }
        assert found["japy_request_duration_seconds_count"]["GET", "/users/{id:int}"] == 30
        buckets = found["japy_request_duration_seconds_bucket"]
        assert buckets["GET", "/wait/{s}", "0.25"] == 0
        assert buckets["GET", "/wait/{s}", "+Inf"] == 1
        assert 0.3 <= found["japy_request_duration_seconds_sum"]["GET", "/wait/{s}"] < 10
        assert found["japy_workers"] == found["japy_workers_wanted"] == {(): 2}
        memory = found["process_resident_memory_bytes"]
        assert set(memory) == {("master",), ("1",), ("2",)}
        assert all(value > 1 << 20 for value in memory.values())
        starts = found["process_start_time_seconds"]
        assert starts == scraper.samples()["process_start_time_seconds"]
        assert all(abs(value - time.time()) < 120 for value in starts.values())


def test_gauges_under_a_known_load() -> None:
    with scraped() as scraper, ThreadPoolExecutor(5) as pool:
        waits = [pool.submit(scraper.server.get, "/wait/3") for _ in range(5)]
        eventually(lambda: scraper.samples()["japy_requests_in_progress"] == {(): 5})
        assert scraper.samples()["japy_connections"] == {(): 5}
        assert {wait.result()[0] for wait in waits} == {200}
        eventually(lambda: scraper.samples()["japy_requests_in_progress"] == {(): 0})


def test_counters_survive_whoever_dies() -> None:
    with scraped("--workers", "2") as scraper:
        server, seen = scraper.server, [0.0]
        is_over = threading.Event()

        def scrape() -> None:
            while not is_over.is_set():
                seen.append(scraper.total())

        with ThreadPoolExecutor(1) as pool:
            watch = pool.submit(scrape)
            try:
                for turn in range(1, 4):
                    for _ in range(50):
                        server.get()
                    server.process.send_signal(signal.SIGHUP)
                    server.wait_for("Accepting connections on ", count=turn + 1)
                    assert scraper.total() == 100 * turn - 50
                    for _ in range(50):
                        server.get()
                    victim = server.children()[0]
                    os.kill(victim, signal.SIGKILL)
                    server.wait_for(rf"crashed on signal SIGKILL \(pid {victim}, ")
                    eventually(lambda: scraper.samples()["japy_workers"] == {(): 2})
                    assert scraper.total() == 100 * turn
            finally:
                is_over.set()
            watch.result()
        assert seen == sorted(seen)
        restarts = scraper.samples()["japy_worker_restarts_total"]
        assert (restarts["crash",], restarts["reload",], restarts["hang",]) == (3, 6, 0)


def test_recycled_workers_are_counted() -> None:
    with scraped("--limit-max-requests", "20") as scraper:
        for _ in range(100):
            assert scraper.server.get()[0] == 200
        reason = ("limit-max-requests",)
        eventually(lambda: scraper.samples()["japy_worker_restarts_total"][reason] >= 1)
        assert scraper.total() == 100


def test_a_reload_that_fails_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(APP)
    with running("app:app", "--metrics-bind", "127.0.0.1:0", cwd=folder) as server:
        scraper = Scraper(server)
        assert scraper.samples()["japy_last_reload_successful"] == {(): 1}
        (folder / "app.py").write_text("1 / 0\n")
        server.process.send_signal(signal.SIGHUP)
        server.wait_for("The workers that there are serve on")
        assert scraper.samples()["japy_last_reload_successful"] == {(): 0}
        assert scraper.samples()["japy_worker_restarts_total"]["startup",] >= 1


def test_methods_and_paths_of_clients_make_no_series() -> None:
    with scraped() as scraper:
        with socket.create_connection(("127.0.0.1", scraper.server.port)) as client:
            client.settimeout(DEADLINE_S)
            for number in range(100):
                line = f"M{number} /x{number} HTTP/1.1\r\nHost: x\r\n\r\n"
                client.sendall(line.encode())
                assert b" 404 " in client.recv(1 << 16)
        assert scraper.requests() == {("other", "unmatched", "404"): 100}


def test_several_scrape_at_once_and_a_slow_one_stalls_nobody() -> None:
    with scraped("--workers", "2", "--timeout-worker-healthcheck", "60") as scraper:
        server = scraper.server
        address = ("127.0.0.1", scraper.port)
        slow = [socket.create_connection(address, timeout=DEADLINE_S) for _ in range(100)]
        for number, client in enumerate(slow):
            if number % 2:
                client.sendall(b"GET /metrics HTTP/1.1\r\nHost")  # and nothing more
        with ThreadPoolExecutor(8) as pool:
            totals = list(pool.map(lambda _: scraper.get()[0], range(40)))
        assert totals == [200] * 40
        victim = server.children()[0]
        began = time.monotonic()
        os.kill(victim, signal.SIGKILL)
        server.wait_for(rf"crashed on signal SIGKILL \(pid {victim}, ", timeout=5)
        eventually(lambda: victim not in server.children() and len(server.children()) == 2)
        assert time.monotonic() - began < 8
        for client in slow:
            client.close()


def test_a_port_that_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = f"127.0.0.1:{taken.getsockname()[1]}"
        server = running(APP, "--metrics-bind", place)
        with pytest.raises(AssertionError, match="in use by") as raised:
            server.__enter__()
        assert "stop it, or choose another port" in str(raised.value)


# Health.


def test_health_is_answered_by_workers_and_by_the_master() -> None:
    with scraped("--health-path", "/-/healthy", "--access-log") as scraper:
        server = scraper.server
        for _ in range(3):
            assert server.get("/-/healthy") == (200, "ok\n")
        assert scraper.get("/-/healthy") == (200, "ok\n")
        assert scraper.requests() == {("GET", "/-/healthy", "200"): 3}
        server.get("/")
        server.wait_for('"GET / HTTP/1.1" 200')
        assert "/-/healthy HTTP" not in server.output()


def test_health_tells_of_the_end_before_it_comes() -> None:
    with scraped("--health-path", "/healthz", "--shutdown-delay", "2") as scraper:
        server = scraper.server
        server.process.send_signal(signal.SIGTERM)
        server.wait_for("Connections are accepted for 2 more seconds")
        assert server.get("/healthz") == (503, "stopping\n")
        assert scraper.get("/healthz") == (503, "stopping\n")
        assert server.get("/")[0] == 200
        assert server.wait() == 0


def test_health_while_workers_are_replaced() -> None:
    with scraped("--health-path", "/healthz") as scraper:
        server = scraper.server
        client = http.client.HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE_S)
        for _ in range(3):
            server.process.send_signal(signal.SIGHUP)
            client.request("GET", "/healthz")
            with client.getresponse() as answer:
                assert (answer.status, answer.read()) == (200, b"ok\n")
        client.close()


def test_health_that_collides(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("app")
    (folder / "app.py").write_text(APP)
    for verb in (["run", "app:app", "--port", "0", "--workers", "4"], ["check", "app:app"]):
        command = [sys.executable, "-m", "japy", *verb, "--health-path", "/fail"]
        with launched(command, folder) as server:
            assert server.wait() == 3
            text = server.output("stderr")
            assert text.count("--health-path /fail is a route of the application") == 1
            assert "Traceback" not in text
