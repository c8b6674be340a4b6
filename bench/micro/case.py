"""What goes through the core: requests as bytes, and the handlers that answer them.

Knows what clients send and what users write. Refuses to know how it is measured.

Invariant: the bytes of a case are those of whole requests, all for the one route of the case.
"""

from collections.abc import Callable
from dataclasses import dataclass

from bench.load.workload import HEADERS, PLAIN, document, head, post
from japy import Request, Response

DEPTH = 24  # requests in one read, as in bench/load
BODY = 1024


def hello(request: Request) -> Response:
    """Answer without a look at the request."""
    return request.Response("Hello world!")


async def hello_async(request: Request) -> Response:
    """Answer without a look at the request, and without waiting."""
    return request.Response("Hello world!")


def agent(request: Request) -> Response:
    """Look at one header, which decodes them all."""
    return request.Response(request.headers["User-Agent"])


def user(request: Request) -> Response:
    """Answer with the parameter of the path."""
    return request.Response(request.match_dict["id"])


def count(request: Request) -> Response:
    """Answer with the size of the body."""
    return request.Response(str(len(request.body or b"")))


@dataclass(frozen=True)
class Case:
    """One kind of request, and whether a read is the same bytes as the one before."""

    name: str
    request: bytes
    handler: Callable[[Request], object]
    pattern: str = "/"
    depth: int = DEPTH
    is_repeat: bool = False

    @property
    def title(self) -> str:
        """Return the name with what is told apart."""
        return f"{self.name}, {'same' if self.is_repeat else 'other'} bytes"

    def reads(self) -> tuple[bytes, bytes, bytes]:
        """Return what is read first, and two reads to alternate after it.

        The same bytes are never the same object: a socket gives a new one each time, and comparing
        an object with itself would cost nothing.
        """
        data = self.request * self.depth
        other = data if self.is_repeat else data.replace(b"127.0.0.1", b"127.0.0.2")
        return data, bytes(bytearray(data)), bytes(bytearray(other))


def both(case: Case) -> list[Case]:
    """Return a case with other bytes in each read, and with the same ones again."""
    again = Case(case.name, case.request, case.handler, case.pattern, case.depth, True)
    return [again, case]


CASES = [
    *both(Case("plaintext", PLAIN, hello)),
    *both(Case("plaintext, one in a read", PLAIN, hello, depth=1)),
    *both(Case("15 headers", HEADERS, hello)),
    Case("15 headers, one looked at", HEADERS, agent),
    *both(Case("path parameter", head("GET", "/users/42"), user, "/users/{id}")),
    *both(Case("async handler", PLAIN, hello_async)),
    Case("POST of 1 KiB", post("/", "application/json", document(BODY)), count),
]
