"""A run in a worker: what an attempt starts from."""

from datetime import timedelta

from service.clock import now
from service.runs.work import age_by_now


def test_what_a_run_has_paid_for_is_not_too_old_when_it_is_resumed() -> None:
    asked_for_at = now() - timedelta(seconds=100)
    allowed_s = age_by_now(0.0, asked_for_at)
    assert allowed_s is not None
    assert 100 <= allowed_s < 200
    assert age_by_now(None, asked_for_at) is None
