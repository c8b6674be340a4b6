"""What can be fuzzed: the files of this folder, and the properties in each.

Knows how a property is made to search for a while, and to try one example again. A property is a
hypothesis test or a state machine; what they promise is in the first line of their file.
"""

import importlib
import re
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from hypothesis import HealthCheck, reproduce_failure, seed, settings
from hypothesis.stateful import RuleBasedStateMachine, run_state_machine_as_test

NAMES = ("stream", "machine", "oracle", "protocol", "parser", "body", "router")
EXAMPLES = 20_000  # of a batch, after which hypothesis forgets what it has tried
RUNS = 100  # the same of a state machine
STEPS = 30  # of a run of a machine
BLOB = re.compile(r"@reproduce_failure\('([^']+)', b'([^']+)'\)")


class TimeUp(BaseException):
    """There is no time for another example; no Exception, which would be a finding."""


class Finding(NamedTuple):
    """An example that breaks a promise."""

    version: str  # of hypothesis
    example: str  # what that makes it of again
    report: str  # for a person


class Property:
    """A promise that examples may break.

    Args:
        name: of the test or the machine.
        holds: the hypothesis test, or the class of the machine.
        weight: streams in an example.
    """

    def __init__(self, name: str, holds: Any, weight: int = 1) -> None:
        self.name = name
        self.count = 0  # streams so far
        self._weight = weight
        self.is_failing = False  # set once an example of the batch under way has failed
        self._holds = holds
        self._end_s = 0.0  # when no more examples are tried
        self._is_up = False  # set once that was so
        if isinstance(holds, type):
            self._count_runs(holds)
        else:
            holds.hypothesis.inner_test = self._counted(holds.hypothesis.inner_test)

    def search(self, number: int, end_s: float) -> Finding | None:
        """Try a batch of random examples; return one that fails, as small as can be.

        Args:
            number: seed of the random numbers.
            end_s: when no more are tried, by the monotonic clock.
        """
        self._end_s, self._is_up, self.is_failing = end_s, False, False
        try:
            self._run(seed(number))
        except TimeUp:
            return None
        except Exception as error:
            if self._is_up:  # hypothesis complains that the last example has drawn too little
                return None
            report = "".join(traceback.format_exception(error))
            version, example = (BLOB.findall(report) or [("", "")])[-1]
            return Finding(version, example, report)
        return None

    def try_again(self, version: str, example: str) -> None:
        """Try one example again; raise what it raises."""
        self._end_s = float("inf")
        self._run(reproduce_failure(version, example.encode()))

    def _run(self, decorate: Callable[[Any], Any]) -> None:
        decorated = decorate(self._holds)
        if isinstance(self._holds, type):
            steps = settings(max_examples=RUNS, stateful_step_count=STEPS)
            run_state_machine_as_test(self._holds, settings=steps)
        else:
            decorated()

    def _counted(self, test: Callable[..., None]) -> Callable[..., None]:
        """Return a test that counts, and ends the batch once time is up."""

        def counted(*args: Any, **kwargs: Any) -> None:
            if time.monotonic() > self._end_s and not self.is_failing:
                self._is_up = True
                raise TimeUp
            self.count += self._weight
            try:
                test(*args, **kwargs)
            except Exception:
                self.is_failing = True
                raise

        return counted

    def _count_runs(self, machine: type[RuleBasedStateMachine]) -> None:
        begin = machine.__init__

        def counted(made: RuleBasedStateMachine) -> None:
            self.count += 1
            begin(made)

        vars_of: Any = machine  # hypothesis makes the objects, and knows this class only
        vars_of.__init__ = counted


def prepare() -> None:
    """Have hypothesis search as a hunt has to; call it before properties are loaded."""
    settings.register_profile(
        "hunt",
        max_examples=EXAMPLES,
        database=None,
        deadline=None,
        derandomize=False,
        print_blob=True,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    settings.load_profile("hunt")


def load(name: str) -> list[Property]:
    """Return the properties of a file of this folder."""
    module = importlib.import_module(f"fuzz.fuzz_{name}")
    weight = getattr(module, "STREAMS", 1)
    tests = [(title, value) for title, value in vars(module).items() if is_test(value)]
    found = [Property(title, value, weight) for title, value in tests]
    machines = [value for value in vars(module).values() if is_machine(value)]
    return found + [Property(machine.__name__, machine) for machine in machines]


def is_test(value: object) -> bool:
    """Tell whether something is a hypothesis test."""
    return callable(value) and hasattr(value, "hypothesis")


def is_machine(value: object) -> bool:
    """Tell whether something is a state machine of ours."""
    is_class = isinstance(value, type) and issubclass(value, RuleBasedStateMachine)
    return is_class and value is not RuleBasedStateMachine
