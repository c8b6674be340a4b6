"""Foreign: every option of uvicorn is one of japy's, or is answered with what to do instead."""

import pytest

from japy.cli.foreign import ANSWERS, RENAMED, answer_to
from japy.cli.group import execute
from japy.cli.serve import run

UVICORN = {  # of release 0.54: option, and a value for it
    "--host": "127.0.0.1",
    "--port": "0",
    "--uds": "x",
    "--fd": "3",
    "--reload": "",
    "--reload-dir": ".",
    "--reload-include": "*.x",
    "--reload-exclude": "*.y",
    "--reload-delay": "0.25",
    "--workers": "2",
    "--loop": "auto",
    "--http": "auto",
    "--http2": "",
    "--ws": "auto",
    "--ws-max-size": "1",
    "--ws-max-queue": "1",
    "--ws-ping-interval": "1",
    "--ws-ping-timeout": "1",
    "--ws-per-message-deflate": "true",
    "--lifespan": "on",
    "--interface": "auto",
    "--env-file": "x",
    "--log-config": "x.json",
    "--log-level": "trace",
    "--access-log": "",
    "--no-access-log": "",
    "--use-colors": "",
    "--no-use-colors": "",
    "--proxy-headers": "",
    "--no-proxy-headers": "",
    "--server-header": "",
    "--no-server-header": "",
    "--date-header": "",
    "--no-date-header": "",
    "--forwarded-allow-ips": "*",
    "--root-path": "/x",
    "--limit-concurrency": "9",
    "--backlog": "9",
    "--limit-max-requests": "9",
    "--limit-max-requests-jitter": "9",
    "--timeout-keep-alive": "5",
    "--timeout-graceful-shutdown": "5",
    "--timeout-worker-healthcheck": "5",
    "--ssl-keyfile": "x",
    "--ssl-certfile": "x",
    "--ssl-keyfile-password": "x",
    "--ssl-version": "17",
    "--ssl-cert-reqs": "0",
    "--ssl-ca-certs": "x",
    "--ssl-ciphers": "x",
    "--header": "a:b",
    "--version": "",
    "--app-dir": ".",
    "--reset-contextvars": "",
    "--h11-max-incomplete-event-size": "65536",
    "--factory": "",
    "--help": "",
}
OF_JAPY = {"--version"}  # itself, not of `japy run`


@pytest.mark.parametrize("name", UVICORN)
def test_every_option_of_uvicorn_parses_or_is_answered(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    if name in OF_JAPY:
        return
    words = [name, UVICORN[name]] if UVICORN[name] else [name]
    answer = answer_to(name)
    if answer:
        assert execute(["run", "app:app", *words]) == 2
        out, err = capsys.readouterr()
        assert (out, err) == ("", f"{answer}\n")
    elif name != "--help":
        params = run.make_context("run", ["app:app", *words]).params
        assert params["app"] == "app:app"
        assert len([value for value in params.values() if value not in (None, ())]) == 2


def test_answers_are_one_sentence() -> None:
    for name in (*RENAMED, *ANSWERS):
        answer = answer_to(name)
        assert answer.startswith(f"{name} is ")
        assert answer.endswith(".")
        assert "\n" not in answer


def test_nothing_is_answered_that_is_an_option() -> None:
    options = {name for param in run.params for name in (*param.opts, *param.secondary_opts)}
    assert options.isdisjoint({*RENAMED, *ANSWERS})
    assert set(RENAMED.values()) <= options
