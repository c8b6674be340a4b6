"""An application as a worker serves it: what of it is told to the service, and what is logged."""

import asyncio
import logging
import os
import socket

import pytest

from japy import Application, Request
from japy.serving.entrance import Entrance
from japy.serving.site import Audience, Site, count_unread, reset_at_close
from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.supervisor.listener import listen
from japy.supervisor.place import Listener


def new_site(app: Application, loop: asyncio.AbstractEventLoop, config: Config) -> Site:
    """Return an application as it is served."""
    return Site(app, config, Entrance(config), loop, Audience(None, None, lambda: False))


def test_it_serves_with_what_the_startup_has_left() -> None:
    app = Application()

    @app.on_startup
    async def set_up() -> None:
        app.state.name = "site"

    @app.route("/")
    def name(request: Request) -> str:
        return str(app.state.name)

    async def use() -> bytes:
        site = new_site(app, asyncio.get_running_loop(), Config())
        await site.start(lambda: None)
        here = listen("127.0.0.1", 0, 8)
        servers = await site.open([Listener(Bind("tcp", "127.0.0.1"), here)])
        await site.begin()
        reader, writer = await asyncio.open_connection(*here.getsockname())
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = await reader.readuntil(b"site")
        assert (site.accepted, len(site.connections), site.turned_away) == (1, 1, 0)
        site.abandon()
        assert app.is_stopping
        writer.close()
        for server in servers:
            server.close()
        await site.finish()
        await site.life.stop(0.0)
        return answer

    assert asyncio.run(use()).endswith(b"site")


def test_who_is_turned_away_is_logged_once_a_second(caplog: pytest.LogCaptureFixture) -> None:
    async def use() -> None:
        site = new_site(Application(), asyncio.get_running_loop(), Config(debug=True))
        site.service.turned_away += 3
        site.tick("")
        site.tick("")

    with caplog.at_level(logging.WARNING, "japy.error"):
        asyncio.run(use())
    (record,) = caplog.records
    assert record.getMessage().startswith("3 connections beyond 16384 were answered with 503")


def test_a_reset_and_what_is_unread() -> None:
    with listen("127.0.0.1", 0, 8) as here:
        client = socket.create_connection(here.getsockname())
        here.setblocking(True)
        server, _ = here.accept()
        assert count_unread(server.fileno()) == 0
        assert count_unread(os.open(os.devnull, os.O_RDONLY)) == 0
        reset_at_close(server)
        server.close()
        with client, pytest.raises(ConnectionResetError):
            client.recv(1)
