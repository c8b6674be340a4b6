"""The runner's decisions that need no server; tests/live shows the rest."""

import sys
import threading
from types import ModuleType

import pytest

from japy import Application
from japy.serving import worker
from japy.settings.config import ConfigError


def test_run_does_what_a_worker_says(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Application] = []
    monkeypatch.setattr(worker, "on_run", called.append)
    app = Application()
    app.run()
    assert called == [app]


def test_run_refuses_values_out_of_range() -> None:
    with pytest.raises(ConfigError, match="port: expected 0 to 65,535; got 70000"):
        Application().run(port=70000)


def test_run_belongs_into_the_main_thread() -> None:
    caught: list[BaseException] = []

    def run() -> None:
        with pytest.raises(RuntimeError, match="must be called from the main thread") as error:
            Application().run()
        caught.append(error.value)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert caught


def test_reload_needs_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    with pytest.raises(RuntimeError, match=r"reload=True.*there is none to start again"):
        Application().run(reload=True)
