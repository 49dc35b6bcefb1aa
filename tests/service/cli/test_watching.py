"""A job's state in words."""

import pytest

from service.cli.watching import duration, state_in_words
from service.client_models import Progress, Run


@pytest.mark.parametrize(
    ("run", "words"),
    [
        (Run(id="r", status="queued"), "queued"),
        (Run(id="r", status="queued", waiting_for="run_1"), "queued behind run_1"),
        (Run(id="r", status="paused", pause_reason="spend_cap"), "paused: the spend cap is reached"),
        (Run(id="r", status="paused", pause_reason="provider"), "paused: the provider is failing"),
        (Run(id="r", status="running"), "running"),
        (
            Run(id="r", status="running", progress=Progress(phase="p", done=1, total=2, time_left_s=240.0)),
            "running, about 4 min left",
        ),
        (Run(id="r", status="failed"), "failed"),
    ],
)
def test_a_state_is_said_in_words(run: Run, words: str) -> None:
    assert state_in_words(run) == words


def test_durations_have_the_unit_that_suits_them() -> None:
    assert [duration(s) for s in (45, 240, 9_000)] == ["45 s", "4 min", "2.5 h"]
