"""Witness: who is told of a worker's answers: the access log, the counts, or both.

Knows which answers are of no interest to the log. Knows neither formats nor counts.
"""

from japy.core.request import Request
from japy.core.response import Response
from japy.core.route import Route
from japy.logs.journal import AccessLog
from japy.logs.log import Journal
from japy.monitoring.tally import Tally


class Witness:
    """An access log, if there is one, and counts, if there are some, as one journal.

    Args:
        access: the log.
        tally: the counts.
        quiet: the route whose answers are not logged: probes ask each second.
    """

    def __init__(self, access: AccessLog | None, tally: Tally | None, quiet: Route | None) -> None:
        one = access or tally
        assert one is not None
        self.clock = one.clock  # of the journal: see `Journal`
        self._access = access
        self._tally = tally
        self._quiet = quiet

    def note(self, request: Request, response: Response) -> None:
        """Take note of an answer that was rendered."""
        if self._tally is not None:
            self._tally.note(request, response)
        if self._access is not None and (self._quiet is None or request.route is not self._quiet):
            self._access.note(request, response)

    def settle(self) -> None:
        """Log what was noted: it has left."""
        if self._access is not None:
            self._access.settle()


def journal_of(
    access: AccessLog | None, tally: Tally | None, quiet: Route | None
) -> Journal | None:
    """Return the journal of a worker, which costs no more than it must; None if nobody is told."""
    if tally is None and quiet is None:
        return access
    if access is None:
        return tally
    return Witness(access, tally, quiet)
