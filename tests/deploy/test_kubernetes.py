"""The Kubernetes manifest: valid, its numbers fit, and a pod that is what it says lives as it says.

There is no cluster here. What a kubelet does to a pod is done by the tests: it starts the
arguments, asks the probes, and sends SIGTERM.
"""

import contextlib
import http.client
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from japy.cli.option import collect
from japy.cli.serve import run
from japy.serving.tether import HOOKS_S
from japy.settings.config import Config
from tests.deploy.front import free_port
from tests.deploy.house import asked, go_on, house_files, lost
from tests.deploy.page import files
from tests.deploy.test_container import last
from tests.support.server import DEADLINE_S, Server, eventually, launched

yaml = pytest.importorskip("yaml")
FILE = "house.yaml"
VERSION = "1.31"  # of Kubernetes; the fields used are older
DELAY_S = 6  # what clients get to leave in, as there is no balancer that sends them elsewhere
Object = dict[str, Any]


def objects() -> dict[str, Object]:
    """Return the objects of the manifest by kind."""
    return {each["kind"]: each for each in yaml.safe_load_all(files()[FILE])}


def pod() -> Object:
    """Return the specification of a pod."""
    spec: Object = objects()["Deployment"]["spec"]["template"]["spec"]
    return spec


def container() -> Object:
    """Return the only container of a pod."""
    (only,) = pod()["containers"]
    found: Object = only
    return found


def ports() -> dict[str, int]:
    """Return the ports of the container by name."""
    return {port["name"]: port["containerPort"] for port in container()["ports"]}


def config() -> Config:
    """Return the settings that the arguments come to."""
    assert container()["args"][:2] == ["japy", "run"]
    return collect(run.make_context("run", container()["args"][2:]).params, is_alone=True).config


def test_kubernetes_knows_every_field() -> None:
    validator = pytest.importorskip("kubernetes_validate", reason="installed with the docs")
    for each in objects().values():
        validator.validate(each, VERSION, strict=True)


def test_the_objects_speak_of_the_same_pods() -> None:
    found = objects()
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == labels
    assert found["Service"]["spec"]["selector"] == labels
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == labels
    assert {port["targetPort"] for port in found["Service"]["spec"]["ports"]} <= set(ports())
    annotations = found["Deployment"]["spec"]["template"]["metadata"]["annotations"]
    assert int(annotations["prometheus.io/port"]) == ports()["metrics"]


def test_the_arguments_and_the_ports_agree() -> None:
    settings = config()
    assert settings.target == "house:app"
    assert [bind.port for bind in settings.binds] == [ports()["http"]]
    assert settings.metrics_bind is not None
    assert settings.metrics_bind.port == ports()["metrics"]
    assert settings.workers == "auto"  # as many as limits.cpu says
    user, group = map(int, last("USER").split(":"))
    assert (pod()["securityContext"]["runAsUser"], group) == (user, group)
    assert pod()["securityContext"]["runAsGroup"] == group


def test_the_probes_ask_what_is_served() -> None:
    settings = config()
    for name in ("startupProbe", "readinessProbe"):
        assert container()[name]["httpGet"] == {"path": settings.health_path, "port": "http"}
    alive = container()["livenessProbe"]["httpGet"]
    assert alive == {"path": "/metrics", "port": "metrics"}  # which says nothing of draining


def test_the_times_fit() -> None:
    settings = config()
    end = settings.shutdown_delay + settings.drain_s + HOOKS_S
    assert pod()["terminationGracePeriodSeconds"] > end
    start = container()["startupProbe"]
    assert start["periodSeconds"] * start["failureThreshold"] > settings.timeout_startup
    ready = container()["readinessProbe"]
    assert settings.shutdown_delay > ready["periodSeconds"] * ready["failureThreshold"] + 1


def test_the_check_command_accepts_the_arguments(folder: Path) -> None:
    house_files(folder)
    command = [sys.executable, "-m", "japy", "check", *container()["args"][2:]]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=DEADLINE_S)
    assert done.returncode == 0, done.stderr


@dataclass
class Pod:
    """A pod that runs, and its ports here."""

    server: Server
    ports: dict[str, int]

    def probe(self, name: str) -> int:
        """Return the status that a probe gets; 0 if nobody is there."""
        asked = container()[name]["httpGet"]
        client = http.client.HTTPConnection(
            "127.0.0.1", self.ports[asked["port"]], timeout=DEADLINE_S
        )
        with contextlib.closing(client), contextlib.suppress(OSError):
            client.request("GET", asked["path"])
            return client.getresponse().status
        return 0


@pytest.fixture
def running(folder: Path) -> Iterator[Pod]:
    """Run a pod."""
    house_files(folder)
    here = {name: free_port() for name in ports()}
    args = [
        re.sub(r"0\.0\.0\.0:(\d+)", lambda found: f"127.0.0.1:{moved(int(found[1]), here)}", word)
        for word in container()["args"]
    ]
    command = [sys.executable, "-m", *args, "--workers=2", f"--shutdown-delay={DELAY_S}s"]
    with launched(command, folder) as server:
        yield Pod(server, here)


def moved(port: int, here: dict[str, int]) -> int:
    """Return the port that stands for one of the manifest."""
    (name,) = [name for name, number in ports().items() if number == port]
    return here[name]


def test_a_pod_lives_from_the_first_probe_to_the_last(running: Pod) -> None:
    eventually(lambda: running.probe("startupProbe") == 200)
    assert running.probe("readinessProbe") == 200
    assert running.probe("livenessProbe") == 200
    with asked(("127.0.0.1", running.ports["http"])) as clients:
        go_on(clients)
        running.server.process.terminate()
        eventually(lambda: running.probe("readinessProbe") == 503)
        assert running.probe("livenessProbe") == 200  # a pod that drains is not killed for it
        go_on(clients)  # who has not heard yet is served
        for client in clients:
            client.finish()
    assert lost(clients) == []
    assert running.server.wait() == 0
