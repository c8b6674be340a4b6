"""The runner's decisions that need no server; tests/live shows the rest."""

import re
import sys
import threading
from types import ModuleType
from typing import Any

import pytest

from japy import Application
from japy.serving import worker


def test_run_does_what_a_worker_says(monkeypatch: pytest.MonkeyPatch) -> None:
    called: list[Application] = []
    monkeypatch.setattr(worker, "on_run", called.append)
    app = Application()
    app.run()
    assert called == [app]


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("host", "", "host: expected an address; got '' (0.0.0.0 means every address)"),
        ("port", 70000, "port: expected 0 to 65,535; got 70000"),
        ("worker_num", -1, "worker_num: expected 1 to 1,024; got -1"),
    ],
)
def test_run_refuses_values_out_of_range(argument: str, value: Any, message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        Application().run(**{argument: value})


@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("host", None, "host: expected an address such as '127.0.0.1'; got None"),
        ("port", "8080", "port: expected a whole number; got '8080': convert it, int(...)"),
        ("port", None, "port: expected a whole number; got None"),
        ("port", True, "port: expected a whole number; got True"),
        ("port", 80.5, "port: expected a whole number; got 80.5"),
        ("worker_num", "2", "worker_num: expected a whole number; got '2': convert it, int(...)"),
        ("worker_num", 1.5, "worker_num: expected a whole number; got 1.5"),
        ("debug", "0", "debug: expected True or False; got '0'"),
        ("reload", "yes", "reload: expected True or False; got 'yes'"),
    ],
)
def test_run_refuses_other_types(argument: str, value: Any, message: str) -> None:
    with pytest.raises(TypeError, match=f"^{re.escape(message)}$"):
        Application().run(**{argument: value})


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
