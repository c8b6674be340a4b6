"""The queue of owed answers: first come first, and only when ready."""

from japy.core.limits import Limits
from japy.core.pipeline import Pipeline, Slot
from japy.core.request import put_body
from japy.core.response import Response
from tests.support.request import new_request


def waiting() -> Slot:
    """Return the place of an answer that is not there yet."""
    return Slot(new_request(), None, b"")


def ready() -> Slot:
    """Return the place of an answer that is there."""
    return Slot(new_request(), Response(), b"")


def test_an_empty_pipeline_owes_nothing() -> None:
    pipeline = Pipeline()
    assert pipeline.owed == 0
    assert pipeline.pop() is None


def test_answers_leave_in_the_order_they_came() -> None:
    pipeline = Pipeline()
    slots = [ready() for _ in range(5)]
    for slot in slots:
        pipeline.push(slot)
    assert [pipeline.pop() for _ in slots] == slots
    assert pipeline.pop() is None


def test_a_ready_answer_waits_behind_one_that_is_not() -> None:
    pipeline = Pipeline()
    first, second = waiting(), ready()
    pipeline.push(first)
    pipeline.push(second)
    assert pipeline.pop() is None
    assert pipeline.owed == 2
    first.response = Response()
    assert pipeline.pop() is first
    assert pipeline.pop() is second
    assert pipeline.owed == 0


def test_an_interim_answer_is_ready_and_keeps_its_place() -> None:
    pipeline = Pipeline()
    first, interim = waiting(), Slot(None, None, b"HTTP/1.1 100 Continue\r\n\r\n")
    pipeline.push(first)
    pipeline.push(interim)
    assert pipeline.pop() is None
    first.response = Response()
    assert [pipeline.pop(), pipeline.pop()] == [first, interim]


def test_clear_forgets_every_place() -> None:
    pipeline = Pipeline()
    for _ in range(3):
        pipeline.push(ready())
    pipeline.pop()
    pipeline.clear()
    assert pipeline.owed == 0
    assert pipeline.pop() is None
    last = ready()
    pipeline.push(last)
    assert pipeline.pop() is last


def test_a_pipeline_that_is_never_empty_forgets_what_has_left() -> None:
    pipeline = Pipeline()
    expected = []
    for round_ in range(500):
        slots = [ready(), ready()] if round_ < 100 else [ready()]
        for slot in slots:
            pipeline.push(slot)
            expected.append(slot)
        assert pipeline.pop() is expected.pop(0)
        assert pipeline.owed == len(expected)
    assert len(expected) == 100
    while expected:
        assert pipeline.pop() is expected.pop(0)
    assert pipeline.pop() is None


def test_bytes_that_wait_are_counted() -> None:
    pipeline = Pipeline()
    limits = Limits(pipeline=3, output=10)
    first = waiting()
    pipeline.push(first)
    pipeline.push(Slot(new_request(), Response("x" * 10), b""))
    assert pipeline.held == 10
    assert not pipeline.is_full(limits)
    pipeline.fill(first, Response("y"))
    assert pipeline.held == 11
    assert pipeline.is_full(limits)
    pipeline.pop()
    assert pipeline.held == 10
    pipeline.pop()
    assert pipeline.held == 0
    pipeline.push(Slot(new_request(), Response("x"), b""))
    pipeline.clear()
    assert pipeline.held == 0


def test_a_pipeline_is_full_of_answers_as_well() -> None:
    pipeline = Pipeline()
    limits = Limits(pipeline=2)
    pipeline.push(waiting())
    assert not pipeline.is_full(limits)
    pipeline.push(waiting())
    assert pipeline.is_full(limits)


def test_a_pipeline_is_full_of_what_was_received_as_well() -> None:
    def owed(size: int) -> Slot:
        request = new_request()
        put_body(request, bytes(size))
        return Slot(request, Response(), b"")

    limits = Limits(body=10)
    pipeline = Pipeline()
    pipeline.push(owed(10))
    assert not pipeline.is_full(limits)
    pipeline.push(owed(1))
    assert (pipeline.load, pipeline.is_full(limits)) == (11, True)
    assert not pipeline.has_room(limits)
    pipeline.pop()
    assert pipeline.has_room(limits)
    pipeline.push(owed(5))
    assert (pipeline.load, pipeline.has_room(limits)) == (6, False)
    pipeline.clear()
    assert (pipeline.load, pipeline.has_room(limits)) == (0, True)


def test_there_is_room_once_half_of_it_has_left() -> None:
    limits = Limits(pipeline=4, output=10)
    pipeline = Pipeline()
    for _ in range(4):
        pipeline.push(ready())
    for owed in (3, 2):
        assert not pipeline.has_room(limits)
        pipeline.pop()
        assert pipeline.owed == owed
    assert pipeline.has_room(limits)
    pipeline.push(Slot(new_request(), Response("x" * 6), b""))
    pipeline.pop()
    assert not pipeline.has_room(limits)
