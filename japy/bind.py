"""Bind: where a server listens, as it was asked for.

Knows the kinds of places. Knows neither sockets (`japy/listener.py`) nor where the wish came from.
"""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Bind:
    """One place to listen on.

    Args:
        kind: "tcp" has a host and a port, "unix" a path, "fd" the number of an open socket.
        host: address or name.
        port: port; 0 for any free one.
        path: of the socket in the file system.
        number: of the file descriptor.
        name: what services call the place; empty for none.
    """

    kind: Literal["tcp", "unix", "fd"] = "tcp"
    host: str = ""
    port: int = 0
    path: str = ""
    number: int = 0
    name: str = ""

    def __str__(self) -> str:
        """Return the place as it is written on the command line."""
        host = f"[{self.host.strip('[]')}]" if ":" in self.host else self.host
        places = {
            "tcp": f"{host}:{self.port}",
            "unix": f"unix:{self.path}",
            "fd": f"fd://{self.number}",
        }
        return places[self.kind]
