"""Slot: when the next worker may start, and whether somebody is there."""

from japy.supervisor.slot import FIRST_PAUSE_S, LONGEST_PAUSE_S, SERVED_PAUSE_S, Slot


def test_the_pause_before_a_new_worker_grows_to_a_limit() -> None:
    slot = Slot(0)
    assert slot.is_due()
    pauses = [slot.rest() for _ in range(3000)]
    assert pauses[:3] == [FIRST_PAUSE_S, FIRST_PAUSE_S * 2, FIRST_PAUSE_S * 4]
    assert pauses[-1] == max(pauses) == LONGEST_PAUSE_S
    assert not slot.is_due()


def test_the_pause_behind_one_who_has_served_is_shorter() -> None:
    slot = Slot(0)
    pauses = [slot.rest(SERVED_PAUSE_S) for _ in range(20)]
    assert pauses[:2] == [FIRST_PAUSE_S, FIRST_PAUSE_S * 2]
    assert pauses[-1] == max(pauses) == SERVED_PAUSE_S


def test_nobody_serves_in_an_empty_slot() -> None:
    slot = Slot(0)
    assert not slot.is_serving()
    assert slot.hands() == []
