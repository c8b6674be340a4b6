"""How a server comes to be: what is served, what is bound first, and the exit status.

Knows the order of what is done before the first fork, and how a script starts a server. What
follows is the master's business.
"""

import contextlib
import functools
import os
import sys
import threading
from pathlib import Path
from typing import Any, NoReturn

from japy.application.app import Application
from japy.logs.console import complain, kept_terminal
from japy.logs.setup import LogConfigError, configure, set_up_logging
from japy.monitoring.inside import Openings
from japy.serving import importer, worker
from japy.serving.importer import LoadError, Script
from japy.settings.capacity import count, raise_open_files
from japy.settings.config import Config, ConfigError
from japy.supervisor.listener import BindError
from japy.supervisor.master import EXIT_UNUSABLE, Job, Master
from japy.supervisor.notify import Notifier, passed_sockets
from japy.supervisor.place import Places
from japy.supervisor.privilege import PrivilegeError, check, give_files, pid_file
from japy.supervisor.process import fill_standard_streams, flush

EXIT_USAGE = 2
ARGUMENTS = {  # of `Application.run`: the type, and what to call it
    "host": (str, "an address such as '127.0.0.1'"),
    "port": (int, "a whole number"),
    "worker_num": (int, "a whole number"),
    "reload": (bool, "True or False"),
    "debug": (bool, "True or False"),
}


def serve(config: Config, job: Job, folders: list[Path], target: str = "") -> int:
    """Bind and be the master; return the exit status. The target is named to who asks for it."""
    fill_standard_streams()
    raise_open_files()
    passed = passed_sockets(os.environ)
    notifier = Notifier(os.environ)
    binds, workers = config.binds, count(config.workers)
    folders = list(config.reload_dirs) or folders
    if passed and not any(bind.kind == "fd" for bind in binds):
        binds = tuple(passed)  # whoever has opened sockets for us means them
    try:
        check(config)
        with (
            kept_terminal(),
            pid_file(config.pid_file),
            contextlib.closing(Openings(config, target)) as openings,
        ):
            places = Places(binds, config, workers)
            give_files(config, places.files)
            configure(config, is_master=True)
            set_up_logging(config, config.debug)
            openings.announce()
            return Master(config, job, workers, folders, places, notifier, openings).run()
    except LogConfigError as error:
        complain(str(error))
        return EXIT_USAGE
    except (BindError, PrivilegeError) as error:
        complain(str(error))
        return EXIT_UNUSABLE


def run_target(config: Config, text: str) -> int:
    """Serve what `japy run` names; return the exit status."""
    try:
        target = importer.parse(text, config.factory, config.app_dir)
        folders = target.folders()
    except LoadError as error:
        complain(str(error))
        return EXIT_UNUSABLE
    job = functools.partial(worker.work, functools.partial(importer.load, target))
    return serve(config, job, folders, text)


def run_script(config: Config, script: Script) -> int:
    """Serve a script that calls `Application.run`, again after each change; return exit status."""
    job = functools.partial(worker.work_script, script)
    return serve(config, job, [script.folder], script.place)


def run_application(
    app: Application, host: str, port: int, worker_num: int, reload: bool, debug: bool
) -> None:
    """Be what `Application.run` is: serve an application until told to stop, then return.

    In a worker this does what `worker.on_run` says: nothing if `japy run` imports the module.

    Raises:
        TypeError: an argument is of another type than it has to be.
        ValueError: one is out of range.
        RuntimeError: this is not the main thread, or nothing is there to be started again.
        SystemExit: the application or the address cannot be served; the reason has been printed.
    """
    if worker.on_run is not None:
        worker.on_run(app)
        return
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("Application.run must be called from the main thread")
    if app.has_loop:
        complain(
            "The event loop `app.loop` was used before the workers exist, and none of them has it: "
            "what must run in them belongs into a function that @app.on_startup decorates."
        )
    config = config_of(host=host, port=port, worker_num=worker_num, reload=reload, debug=debug)
    if reload:
        start_again(config)
    job = functools.partial(worker.work, lambda: app)
    status = serve(config, job, [], sys.argv[0])
    if status:
        raise SystemExit(status)


def config_of(**given: Any) -> Config:
    """Return the settings that the arguments of `Application.run` stand for.

    Raises:
        TypeError, ValueError: as `run_application`.
    """
    for name, value in given.items():
        kind, expected = ARGUMENTS[name]
        if kind is bool and value in (True, False, None):
            continue
        if kind is bool or not isinstance(value, kind) or isinstance(value, bool):
            cure = ": convert it, int(...)" if kind is int and isinstance(value, str) else ""
            raise TypeError(f"{name}: expected {expected}; got {value!r}{cure}")
    try:
        return Config(
            host=given["host"],
            port=given["port"],
            workers=given["worker_num"],
            reload=bool(given["reload"]),
            debug=bool(given["debug"]),
        )
    except ConfigError as error:
        name = "worker_num" if error.field == "workers" else error.field
        raise ValueError(f"{name}: {error.reason}") from None


def start_again(config: Config) -> NoReturn:
    """Become a master that has imported nothing and has its workers run this script."""
    main = sys.modules["__main__"]
    name = main.__spec__.name if main.__spec__ is not None else "__main__"
    module = name if name != "__main__" else ""  # the latter also for a folder with __main__.py
    script = module or getattr(main, "__file__", None)
    if not script:
        raise RuntimeError("run(reload=True) works in a file only: there is none to start again")
    flags = sys.orig_argv[1 : len(sys.orig_argv) - len(sys.argv)]
    flags = flags[:-1] if module and flags[-1:] == ["-m"] else flags
    options = ["--host", config.host, "--port", str(config.port), "--workers", str(config.workers)]
    options += ["--reload", *["--debug"] * config.debug, *["--module"] * bool(module)]
    flush()
    command = [sys.executable, *flags, "-m", "japy", "script", *options, script, *sys.argv[1:]]
    os.execv(sys.executable, command)
