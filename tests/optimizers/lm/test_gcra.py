"""The generic cell rate algorithm: never more than the limit, over any schedule."""

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.errors import InvalidInput
from optimizers.lm.gcra import Booked, LaneLimit, Pace, book

SLIGHTLY = 1e-6  # seconds or units: sums of floating-point numbers

gaps = st.one_of(st.just(0.0), st.floats(0, 0.5), st.floats(0, 200))
calls = st.lists(st.tuples(gaps, st.integers(0, 3_000)), min_size=1, max_size=60)
rates = st.integers(1, 5_000)


def admitted(limit: LaneLimit, schedule: list[tuple[float, int]]) -> list[tuple[float, float, int]]:
    """When each call came, when it left, and its tokens."""
    lane, now, made = Booked(), 1_000.0, []
    for gap_s, tokens in schedule:
        now += gap_s
        lane = book(lane, limit.dues(tokens), now)
        made.append((now, lane.admitted_at, tokens))
    return made


@given(rates, calls)
def test_no_window_has_more_requests_than_a_burst_and_the_rate(
    rate: int, schedule: list[tuple[float, int]]
) -> None:
    pace = Pace(per_minute=rate)
    times = [left for _, left, _ in admitted(LaneLimit(requests=pace), schedule)]
    for first, start in enumerate(times):
        for last in range(first, len(times)):
            window_s = times[last] - start
            assert last - first + 1 <= pace.burst + window_s / pace.interval_s + SLIGHTLY


@given(st.integers(1, 300), st.integers(0, 2**32), st.floats(0, 0.6))
def test_no_minute_has_more_requests_than_the_limit(rate: int, seed: int, longest_gap_s: float) -> None:
    chance = random.Random(seed)
    schedule = [(chance.uniform(0, longest_gap_s), 0) for _ in range(rate + 200)]
    limit = LaneLimit(requests=Pace(per_minute=rate))
    times = [left for _, left, _ in admitted(limit, schedule)]
    assert all(later - times[n] >= 60 - SLIGHTLY for n, later in enumerate(times[rate:]))


@given(rates, calls)
def test_no_window_has_more_tokens_than_a_burst_or_one_call_and_the_rate(
    rate: int, schedule: list[tuple[float, int]]
) -> None:
    pace = Pace(per_minute=rate)
    made = admitted(LaneLimit(tokens=pace), schedule)
    burst = max(pace.burst, *(tokens for _, _, tokens in made), 0)
    for first, (_, start, _) in enumerate(made):
        for last in range(first, len(made)):
            spent = sum(tokens for _, _, tokens in made[first : last + 1])
            assert spent <= burst + (made[last][1] - start) / pace.interval_s + SLIGHTLY * 1_000


@given(rates, rates, calls)
def test_each_of_two_limits_holds_as_if_alone(
    requests: int, tokens: int, schedule: list[tuple[float, int]]
) -> None:
    pace = Pace(per_minute=requests)
    limit = LaneLimit(requests=pace, tokens=Pace(per_minute=tokens))
    times = [left for _, left, _ in admitted(limit, schedule)]
    for first, start in enumerate(times):
        for last in range(first, len(times)):
            most = pace.burst + (times[last] - start) / pace.interval_s
            assert last - first + 1 <= most + SLIGHTLY * 1_000


@given(rates, rates, calls)
def test_nobody_leaves_before_coming_or_before_who_was_booked_earlier(
    requests: int, tokens: int, schedule: list[tuple[float, int]]
) -> None:
    limit = LaneLimit(requests=Pace(per_minute=requests), tokens=Pace(per_minute=tokens))
    made = admitted(limit, schedule)
    assert all(left >= came for came, left, _ in made)
    assert all(later[1] >= earlier[1] - SLIGHTLY for earlier, later in pairwise(made))


@given(rates)
def test_a_lane_that_was_left_alone_waits_for_nobody(rate: int) -> None:
    limit = LaneLimit(requests=Pace(per_minute=rate))
    lane = book(Booked(), limit.dues(0), 1_000.0)
    assert book(lane, limit.dues(0), 1_061.0).admitted_at == 1_061.0


@given(rates)
def test_a_queue_uses_the_limit_up(rate: int) -> None:
    made = admitted(LaneLimit(requests=Pace(per_minute=rate)), [(0.0, 0)] * (2 * rate + 1))
    assert made[-1][1] - made[0][1] <= 2 * 60 * 1.02


def test_no_limit_never_waits() -> None:
    assert all(left == came for came, left, _ in admitted(LaneLimit(), [(0.0, 1_000)] * 50))


def test_less_than_one_a_minute_is_refused() -> None:
    with pytest.raises(InvalidInput, match="got 0"):
        Pace(per_minute=0)
