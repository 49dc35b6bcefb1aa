"""A guess at when a job will be done."""

from optimizers.types import Budget, Usage
from service.jobs.pace import Pace, calls_left


class _Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def _pace(*seen: tuple[float, int]) -> Pace:
    clock = _Clock()
    pace = Pace(clock)
    for clock.now, calls in seen:
        pace.note(calls)
    return pace


def test_what_is_left_takes_as_long_as_what_was_done() -> None:
    assert _pace((0, 0), (10, 50)).left_s(100) == 20.0


def test_only_the_last_minute_counts() -> None:
    replay_then_slow = _pace((0, 0), (1, 1000), (70, 1000), (80, 1010))
    assert replay_then_slow.left_s(10) == 10.0


def test_nothing_is_said_too_early_or_at_a_standstill_or_without_an_end() -> None:
    assert _pace().left_s(5) is None
    assert _pace((0, 0), (1, 9)).left_s(5) is None
    assert _pace((0, 7), (30, 7)).left_s(5) is None
    assert _pace((0, 0), (30, 7)).left_s(None) is None


def test_the_tightest_limit_of_the_budget_decides() -> None:
    # 10 calls took 100 tokens and 1 dollar: 300 tokens are 30 calls, 2 dollars 20, and 90 calls are left.
    usage = Usage(calls=10, prompt_tokens=80, completion_tokens=20, cost_usd=1.0)
    assert calls_left(Budget(max_calls=100, max_tokens=400, max_cost_usd=3.0), usage) == 20.0
    assert calls_left(Budget(max_calls=100), usage) == 90.0
    assert calls_left(Budget(max_calls=5), usage) == 0.0
    assert calls_left(Budget(), usage) is None
