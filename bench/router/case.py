"""What is looked up: sets of routes of any size, and the paths that are asked for.

Knows what patterns and paths look like. Refuses to know how a lookup is measured.

Invariants:
- The routes of a set are of all kinds in turns; each set begins with those of the smaller ones.
- The paths of a case are spread over the whole set, and each is answered as the case says.
"""

from dataclasses import dataclass
from uuid import UUID

from japy import Request, Response
from japy.core.router import Match, Router

COUNTS = (10, 100, 1_000, 10_000)
PATHS = 100  # different ones of a case, at most: traffic that stays in the processor's cache
USER = UUID("c0ffee00-1234-5678-9abc-def012345678")
PATTERNS = (
    "/pages/{i}/about",
    "/shops/{i}/items/{{item}}",
    "/users/{i}/{{user:uuid}}/posts/{{post:int}}",
    "/day-{i}-{{name}}",
    "/files/{i}/{{rest:path}}",
)


@dataclass(frozen=True)
class Case:
    """One kind of lookup.

    Attributes:
        name: what is asked for.
        path: of a route, but for its number.
        kind: the place in PATTERNS of the routes that are asked for.
        is_static: whether `find` tells, without a walk through the tree.
        values: what the parameters are; None where there is no route.
    """

    name: str
    path: str
    kind: int
    is_static: bool = False
    values: dict[str, object] | None = None

    def lines(self, count: int) -> list[bytes]:
        """Return what is looked up in a set of that many routes."""
        numbers = range(self.kind, count, len(PATTERNS))
        step = max(1, len(numbers) // PATHS)
        return [f"GET {self.path.format(i=i)}".encode() for i in numbers[::step][:PATHS]]

    def check(self, router: Router, line: bytes) -> None:
        """Fail unless a path is answered as the case says."""
        search = router.search(line, 3)
        found = None if search.route is None else Match(search.route, search.parts).read()
        assert found == self.values, f"{self.name}: expected {self.values}; got {found}"
        assert (router.find(line) is not None) is self.is_static, f"{self.name}: {line!r}"


CASES = (
    Case("no parameter (dict)", "/pages/{i}/about", 0, True, {}),
    Case("a parameter", "/shops/{i}/items/42", 1, False, {"item": "42"}),
    Case("typed parameters", f"/users/{{i}}/{USER}/posts/42", 2, False, {"user": USER, "post": 42}),
    Case("behind a prefix", "/day-{i}-noon", 3, False, {"name": "noon"}),
    Case("the rest of a path", "/files/{i}/a/b/c", 4, False, {"rest": "a/b/c"}),
    Case("no such route (404)", "/shops/{i}/things/42", 1),
)


def answer(request: Request) -> Response:
    """Be a handler."""
    return request.Response()


def build(count: int) -> Router:
    """Return a frozen router with that many routes."""
    router = Router()
    for i in range(count):
        router.add_route(PATTERNS[i % len(PATTERNS)].format(i=i), answer, "GET")
    router.freeze()
    return router
