"""The state machine of jobs."""

import pytest

from service.errors import Conflict
from service.jobs.states import ENDED, WAYS, Status, require_way


def test_every_state_has_its_ways() -> None:
    assert set(WAYS) == set(Status)


def test_every_state_can_be_reached_from_queued() -> None:
    reached, fresh = {Status.QUEUED}, [Status.QUEUED]
    while fresh:
        for to in WAYS[fresh.pop()] - reached:
            reached.add(to)
            fresh.append(to)
    assert reached == set(Status)


def test_what_has_succeeded_stays_so() -> None:
    assert WAYS[Status.SUCCEEDED] == frozenset()


def test_an_ended_job_can_only_be_queued_again() -> None:
    assert {to for status in ENDED for to in WAYS[status]} == {Status.QUEUED}


def test_only_a_running_job_succeeds() -> None:
    assert [status for status in Status if Status.SUCCEEDED in WAYS[status]] == [Status.RUNNING]


def test_a_refused_step_names_both_states_and_the_ways_there_are() -> None:
    with pytest.raises(Conflict, match=r"run_1 is paused and cannot become succeeded.*cancelled, queued"):
        require_way("run_1", Status.PAUSED, Status.SUCCEEDED)
