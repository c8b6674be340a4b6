"""Services: what an author may give, and what it is taken for."""

import asyncio
import logging
import socket
import types

import pytest

from japy import ProtocolService, Service, Sockets, StreamService
from japy.serving.service import called, to_service, way_of


class Echo(asyncio.Protocol):
    """A protocol."""


class Lines(Service):
    """A stream handler with hooks."""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do nothing."""


class Own:
    """A service that knows nothing of japy, with a handler that is its own affair."""

    async def make_servers(self, sockets: list[socket.socket]) -> list[asyncio.Server]:
        """Start nothing."""
        return []

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Do nothing."""


class Factory:
    """An object that makes protocols."""

    protocol_factory = Echo


async def handler(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Do nothing."""


def factory() -> asyncio.Protocol:
    """Return a protocol."""
    return Echo()


@pytest.mark.parametrize(
    ("value", "way", "name"),
    [
        (Lines(), "handle", "Lines"),
        (Lines, "handle", "Lines"),
        (Own(), "make_servers", "Own"),
        (Own, "make_servers", "Own"),
        (Factory(), "protocol_factory", "Factory"),
        (Echo, "protocol_factory", "Echo"),
        (factory, "protocol_factory", "factory"),
        (ProtocolService(factory), "protocol_factory", "factory"),
        (handler, "handle", "handler"),
        (Lines().handle, "handle", "Lines.handle"),
        (StreamService(handler), "handle", "handler"),
    ],
)
def test_what_stands_for_a_service(value: object, way: str, name: str) -> None:
    service = to_service(value)
    assert way_of(service) == way
    assert called(service) == name


def of_no_type():  # type: ignore[no-untyped-def]  # that is what this is about
    """Return a protocol, but do not say so."""
    return Echo()


def badly_annotated() -> "Nowhere":  # type: ignore[name-defined]  # noqa: F821  # likewise
    """Return whatever."""


async def of_one(reader: asyncio.StreamReader) -> None:
    """Do nothing."""


@pytest.mark.parametrize(
    "value",
    [
        5,
        of_no_type,
        badly_annotated,
        of_one,
        logging.StreamHandler(),
        logging.StreamHandler,
        types.SimpleNamespace(),
        logging,
        asyncio,
    ],
)
def test_what_is_none(value: object) -> None:
    assert to_service(value) is None


def test_a_service_that_gives_nothing_is_one_all_the_same() -> None:
    service = to_service(Service())
    assert way_of(service) == ""


@pytest.mark.parametrize("kind", [StreamService, ProtocolService])
def test_what_cannot_be_called_serves_nobody(kind: type[Service]) -> None:
    with pytest.raises(TypeError, match=r"Service: expected a .*; got 5"):
        kind(5)  # type: ignore[call-arg]  # that is what this is about


def test_sockets_are_a_list_that_knows_names() -> None:
    with socket.socket() as one, socket.socket() as other:
        sockets = Sockets([("smtp", one), ("lmtp", other)])
        assert list(sockets) == [one, other]
        assert sockets.named("lmtp") == [other]
        assert sockets.named("http") == []
