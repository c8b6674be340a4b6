"""Config: what is refused, and how limits reach an application."""

import dataclasses
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest

from japy import Limits
from japy.settings.bind import Bind
from japy.settings.config import Config, ConfigError


def test_defaults_are_the_documented_ones() -> None:
    config = Config()
    assert (config.host, config.port, config.workers) == ("127.0.0.1", 8080, 1)
    assert not config.debug
    assert not config.reload
    assert config.drain_s == 20
    assert Config(reload=True).drain_s == 2
    assert Config(timeout_graceful_shutdown=3, reload=True).drain_s == 3
    assert config.binds == (Bind("tcp", "127.0.0.1", 8080),)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", ""),
        ("host", "[]"),
        ("port", -1),
        ("port", 65536),
        ("workers", 0),
        ("workers", 1025),
        ("backlog", 0),
        ("timeout_graceful_shutdown", -0.1),
        ("timeout_graceful_shutdown", float("nan")),
        ("shutdown_delay", -1),
        ("timeout_startup", 0),
        ("timeout_worker_healthcheck", 0),
        ("reuse_port", "maybe"),
        ("uds_permissions", 0o1000),
        ("limit_max_requests", 0),
        ("limit_max_requests_jitter", -1),
        ("worker_max_rss", 1),
        ("worker_max_lifetime", 0),
        ("umask", 0o1000),
        ("bind", (Bind("tcp", "a", 1), Bind("tcp", "a", 1))),
        ("bind", (Bind("tcp", "a", 1, name="x"), Bind("tcp", "a", 2, name="x"))),
        ("loop", "curio"),
        ("log_level", "loud"),
        ("health_path", "x"),
        ("bind", (Bind("tcp", "a", 1, name="x"), Bind("tcp", "a", 1, name="y"))),
        ("bind", (Bind("tcp", "a", 0), Bind("tcp", "a", 0))),
        ("ssl_keyfile", Path("key")),
        ("ssl_ca_certs", Path("ca")),
        ("ssl_ciphers", "HIGH"),
        ("ssl_cert_reqs", "required"),
        ("reload_delay", -1),
        ("limit_request_body", -1),
        ("limit_request_fields", 0),
        ("limit_request_line", 1),
        ("limit_request_head", 1),
    ],
)
def test_a_value_out_of_range_is_refused(field: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=r"expected .*; got ") as caught:
        Config(**{field: value})
    assert caught.value.field == field


def test_any_free_port_may_be_had_twice() -> None:
    binds = Bind("tcp", "a", 0, name="x"), Bind("tcp", "a", 0, name="y")
    assert Config(bind=binds).binds == binds


@pytest.mark.parametrize("port", [0, 1, 65535])
def test_every_port_is_accepted(port: int) -> None:
    assert Config(port=port).port == port


def test_proxies_of_this_machine_are_believed() -> None:
    assert Config().forwarded_allow_ips == (ip_network("127.0.0.1"), ip_network("::1"))


def test_workers_may_be_as_many_as_there_is_room_for() -> None:
    assert Config(workers="auto").workers == "auto"


def test_a_config_never_changes() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().port = 1  # type: ignore[misc]  # what is tested


def test_an_application_keeps_its_limits_if_none_are_given() -> None:
    limits = Limits(body=7)
    assert Config().limits(limits) is limits


def test_limits_that_are_given_replace_those_of_the_application() -> None:
    limits = Config(limit_request_line=100, limit_request_body=5).limits(
        Limits(body=7, fields=8, pipeline=9, output=10)
    )
    assert (limits.line, limits.body) == (100, 5)
    assert (limits.fields, limits.pipeline, limits.output) == (8, 9, 10)


def test_limits_that_do_not_fit_those_of_the_application_are_refused() -> None:
    config = Config(limit_request_line=2000)
    with pytest.raises(ConfigError, match="limit_request_line: expected 16 to 1000; got 2000"):
        config.limits(Limits(line=100, head=1000))
