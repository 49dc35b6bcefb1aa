"""Orders to a run."""

import threading

import pytest

from optimizers.errors import PauseReason, RunCancelled, RunPaused
from optimizers.lm.control import RunControl


def test_without_an_order_the_check_passes() -> None:
    control = RunControl()
    control.check()
    assert not control.stopped


def test_a_cancel_is_carried_out_by_every_check() -> None:
    control = RunControl()
    control.cancel()
    for _ in range(2):
        with pytest.raises(RunCancelled):
            control.check()


def test_a_pause_says_why() -> None:
    control = RunControl()
    control.pause(PauseReason.BY_HAND, "lunch")
    with pytest.raises(RunPaused, match="lunch") as paused:
        control.check()
    assert paused.value.reason is PauseReason.BY_HAND


def test_a_cancel_overrides_a_pause_and_not_the_other_way_round() -> None:
    control = RunControl()
    control.pause(PauseReason.BY_HAND, "lunch")
    control.cancel()
    control.pause(PauseReason.BY_HAND, "again")
    with pytest.raises(RunCancelled):
        control.check()


def test_listeners_are_told_from_any_thread_and_also_late_ones() -> None:
    control, heard = RunControl(), []
    control.subscribe(lambda: heard.append("early"))
    unsubscribe = control.subscribe(lambda: heard.append("never"))
    unsubscribe()
    thread = threading.Thread(target=control.cancel)
    thread.start()
    thread.join()
    control.subscribe(lambda: heard.append("late"))
    assert heard == ["early", "late"]
