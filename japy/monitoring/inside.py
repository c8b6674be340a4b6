"""Inside: what a master shows of itself and what it can be told, on sockets that its loop polls.

Knows which sockets there are, and their common life: opened before the first fork, closed in each
child, and at the end. Knows neither verbs nor formats.
"""

import contextlib
import select
from collections.abc import Callable
from pathlib import Path

from japy.logs.console import say
from japy.monitoring.control import Control, Levers
from japy.monitoring.desk import NEVER, Desk
from japy.monitoring.metrics import PATH, Metrics
from japy.monitoring.rendezvous import default_path
from japy.monitoring.report import Server, View
from japy.settings.bind import Bind
from japy.settings.config import Config
from japy.supervisor.ledger import Ledger
from japy.supervisor.listener import BindError, Listening, open_listening, url

PRIVATE = 0o600


class Openings:
    """The sockets, from the moment that they are opened.

    Args:
        config: which there are.
        target: what is served, for who asks.

    Raises:
        BindError: one of them cannot be had.
    """

    def __init__(self, config: Config, target: str = "") -> None:
        self.config = config
        self.target = target
        self.metrics: Listening | None = None
        self.control = open_control(config.control_socket)
        if config.metrics_bind is not None:
            try:
                self.metrics = open_listening(config.metrics_bind, config.uds_permissions)
            except BindError:
                self.close()
                raise

    def announce(self) -> None:
        """Tell who has started the server where metrics are."""
        if self.metrics is not None:
            place = url(self.metrics.socket)
            say(f"Metrics are at {place}{PATH if place.startswith('http') else ''}")

    def close(self) -> None:
        """Close them, if nobody has done so."""
        for listening in (self.control, self.metrics):
            if listening is not None:
                listening.remove()


class Inside:
    """The desks of a master.

    Args:
        openings: the sockets; None for none.
        urls: where the server can be reached.
        view: returns what the master lets see.
        levers: what it lets do.
        ledger: what is left of workers that are gone.
    """

    def __init__(
        self,
        openings: Openings | None,
        urls: list[str],
        view: Callable[[], View],
        levers: Levers,
        ledger: Ledger,
    ) -> None:
        self._control: Control | None = None
        self._desks: list[Desk] = []
        if openings is None:
            return
        server = Server(openings.config, urls, openings.target)
        if openings.control is not None:
            self._control = Control(openings.control, server, ledger, view, levers)
            self._desks.append(self._control.desk)
        if openings.metrics is not None:
            self._desks.append(Metrics(openings.metrics, server, ledger, view).desk)

    def register(self, poll: "select.poll") -> None:
        """Say what is waited for."""
        for desk in self._desks:
            desk.register(poll)

    def handle(self, number: int, events: int) -> None:
        """Do what there is to do, given what poll has returned; ignore what is not ours."""
        for desk in self._desks:
            desk.handle(number, events)

    def due(self) -> float:
        """Return when something is to be done although nobody has come."""
        dues = [desk.due() for desk in self._desks]
        return min([*dues, NEVER if self._control is None else self._control.due()])

    def look(self, now: float) -> None:
        """Answer who has waited, and close whose time is up."""
        if self._control is not None:
            self._control.look()
        for desk in self._desks:
            desk.look(now)

    def forget(self) -> None:
        """Close all, as a child."""
        for desk in self._desks:
            desk.forget()

    def close(self, status: int) -> None:
        """Close all, given the exit status."""
        if self._control is not None:
            self._control.part(status)
        for desk in self._desks:
            desk.close()


def open_control(place: Path | bool) -> Listening | None:
    """Return the control socket; None without one: that is so, too, if nobody has named a place
    for it and there is none.

    Raises:
        BindError: it cannot be where it is to be.
    """
    if isinstance(place, Path):
        return open_at(place)
    path = default_path() if place else None
    with contextlib.suppress(BindError):
        return None if path is None else open_at(path)
    return None


def open_at(path: Path) -> Listening:
    """Return a control socket.

    Raises:
        BindError: it cannot be there.
    """
    try:
        return open_listening(Bind("unix", path=str(path.absolute())), PRIVATE)
    except ValueError as error:  # the path is too long
        raise BindError(f"--control-socket: {error}.") from None
