"""Who is served, and whose is which bind."""

import asyncio

import pytest

from japy import Application, ProtocolService, Service, StreamService
from japy.serving.ensemble import (
    Ensemble,
    EnsembleError,
    alone,
    applications_of,
    ensemble_of,
    share,
)
from japy.settings.bind import parse


class Echo(asyncio.Protocol):
    """A protocol."""


class Mail(Service):
    """A service with two names."""

    bind = ("smtp", "lmtp")
    protocol_factory = Echo


async def lines(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Do nothing."""


def made(value: object) -> Ensemble:
    """Return an ensemble that there is."""
    ensemble = ensemble_of(value)
    assert ensemble is not None
    return ensemble


def shares(value: object, *binds: str) -> list[str]:
    """Return the binds of each member, in words."""
    found = share(made(value), [parse(bind) for bind in binds])
    return [" ".join(map(str, each)) for each in found]


def refusal(value: object, *binds: str) -> str:
    """Return why binds do not fit."""
    with pytest.raises(EnsembleError) as caught:
        shares(value, *binds)
    return str(caught.value)


A, B = "127.0.0.1:1", "127.0.0.1:2"


@pytest.mark.parametrize(
    ("value", "binds", "expected"),
    [
        (Application(), [A, f"x={B}"], [f"{A} x={B}"]),
        (lines, [A, f"x={B}"], [f"{A} x={B}"]),
        (StreamService(lines, bind="x"), [A], [A]),
        (StreamService(lines, bind="x"), [A, f"x={B}"], [f"{A} x={B}"]),
        (Mail(), [f"lmtp={A}", f"smtp={B}"], [f"lmtp={A} smtp={B}"]),
        ([Application(), StreamService(lines, bind="x")], [f"x={A}", f"http={B}"], ["http", "x"]),
        ([Application(), StreamService(lines, bind="x")], [f"x={A}", B], [B, f"x={A}"]),
        ([Application(), StreamService(lines, bind="x")], [A, B], [A, B]),
        ([lines, Echo], [A, B], [A, B]),
        ((lines, Mail()), [f"lmtp={A}", B], [B, f"lmtp={A}"]),
        ({"a": Application(), "b": lines}, [f"b={A}", f"a={B}"], ["a", "b"]),
        ({"a": Mail(), "b": lines}, [f"b={A}", f"smtp={B}"], ["smtp", "b"]),
    ],
)
def test_binds_are_shared(value: object, binds: list[str], expected: list[str]) -> None:
    found = shares(value, *binds)
    for text, wanted in zip(found, expected, strict=True):
        assert text == wanted or text.partition("=")[0] == wanted


@pytest.mark.parametrize(
    ("value", "binds", "message"),
    [
        (StreamService(lines, bind="x"), [f"y={A}"], f"No service takes --bind y={A}: .* name x."),
        ([lines, Echo], [f"y={A}"], f"No service has a name, so none takes --bind y={A}: leave"),
        ([lines, Echo], [A], f"{A} is for one of 2 services, .* services = {{"),
        ({"a": lines, "b": Echo}, [A], f"services a, b, .* --bind a={A} --bind b=HOST:PORT."),
        ({"a": lines, "b": Echo}, [f"a={A}"], "service 'b' has no bind: add --bind b=HOST:PORT."),
        ((Mail(), lines), [f"lmtp={A}"], "The service lines has no bind: add --bind HOST:PORT."),
        ({"a": lines, "b": Echo}, [f"a={A}", f"b={A}", B], f"No service takes --bind {B}: each"),
    ],
)
def test_binds_that_do_not_fit_are_named(value: object, binds: list[str], message: str) -> None:
    text = refusal(value, *binds)
    with pytest.raises(AssertionError, match=message):
        raise AssertionError(text)
    assert text.endswith(".")
    assert "\n" not in text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "The collection of services is empty"),
        ([Application(), Application()], "Two services want the bind 'http'"),
        ([Mail(), ProtocolService(Echo, bind="smtp")], "Two services want the bind 'smtp'"),
        ([lines, 5], "as 2 is no service, but of type int: give an Application, a"),
        ({"a b": lines}, "A service cannot be called 'a b', as no bind can"),
        (Service(), "The service Service gives nothing to serve with: add one of make_servers"),
    ],
)
def test_what_cannot_be_served_is_named(value: object, message: str) -> None:
    with pytest.raises(EnsembleError, match=message):
        ensemble_of(value)


def test_what_is_nothing_of_the_kind() -> None:
    assert ensemble_of(5) is None
    assert ensemble_of("app") is None


def test_applications_among_others() -> None:
    one, two = Application(), Application()
    assert applications_of(made({"one": one, "lines": lines, "two": two})) == [one, two]
    assert applications_of(alone(one)) == [one]


def test_titles() -> None:
    assert [member.title for member in made([Application(), lines, Mail()])] == [
        "service 'http'",
        "service lines",
        "service 'smtp'",
    ]
    assert alone(Application())[0].title == "application"
