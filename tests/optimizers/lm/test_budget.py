"""The budget: logical calls, granted at barriers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.errors import BudgetExhausted, BudgetTooSmall, InvalidInput
from optimizers.lm.budget import BudgetMeter
from optimizers.types import Budget, ModelAnswer

ANSWER = ModelAnswer(text="x", prompt_tokens=80, completion_tokens=20, cost_usd=0.01)


def spend(meter: BudgetMeter, calls: int, answer: ModelAnswer = ANSWER) -> None:
    for _ in range(calls):
        meter.let_in()
        meter.answered(answer)


def test_calls_up_to_the_limit_are_let_in() -> None:
    meter = BudgetMeter(Budget(max_calls=3))
    spend(meter, 3)
    with pytest.raises(BudgetExhausted, match="3 calls of 3 used"):
        meter.let_in()


def test_a_hit_counts_as_much_as_a_paid_call() -> None:
    meter = BudgetMeter(Budget(max_calls=2))
    spend(meter, 2, ModelAnswer(text="x", cached=True, cost_usd=0.01))
    assert (meter.usage.calls, meter.usage.cached_calls, meter.usage.cost_usd) == (2, 2, 0.02)
    assert not meter.affordable(1)


def test_calls_in_flight_count() -> None:
    meter = BudgetMeter(Budget(max_calls=2))
    meter.let_in()
    meter.let_in()
    with pytest.raises(BudgetExhausted):
        meter.let_in()


def test_a_call_without_an_answer_does_not_count() -> None:
    meter = BudgetMeter(Budget(max_calls=1))
    meter.let_in()
    meter.unanswered()
    spend(meter, 1)


def test_a_batch_that_does_not_fit_is_refused_before_it_begins() -> None:
    meter = BudgetMeter(Budget(max_calls=10))
    spend(meter, 4)
    meter.require(6)
    with pytest.raises(BudgetExhausted, match="no room for 7 more calls: 4 calls of 10 used"):
        meter.require(7)


@pytest.mark.parametrize("budget", [Budget(max_tokens=1_000), Budget(max_cost_usd=0.10)], ids=repr)
def test_tokens_and_cost_are_projected_from_the_mean(budget: Budget) -> None:
    meter = BudgetMeter(budget)
    spend(meter, 4)
    assert meter.affordable(6)
    assert not meter.affordable(7)


def test_a_granted_batch_is_not_refused_half_way() -> None:
    meter = BudgetMeter(Budget(max_tokens=1_000))
    spend(meter, 1)
    meter.require(9)
    spend(meter, 9, ModelAnswer(text="x", prompt_tokens=500, completion_tokens=0))
    with pytest.raises(BudgetExhausted):
        meter.let_in()


def test_the_final_test_is_set_aside_and_given_back() -> None:
    meter = BudgetMeter(Budget(max_calls=10))
    meter.reserve_final(6)
    assert meter.affordable(4)
    assert not meter.affordable(5)
    meter.reserve_final(0)
    assert meter.affordable(10)


def test_a_final_test_that_does_not_fit_is_too_small_a_budget() -> None:
    meter = BudgetMeter(Budget(max_calls=10))
    with pytest.raises(BudgetTooSmall) as refused:
        meter.reserve_final(11)
    assert refused.value.needed_calls == 11


def test_a_negative_reservation_is_refused() -> None:
    with pytest.raises(InvalidInput, match="got -1"):
        BudgetMeter(Budget()).reserve_final(-1)


def test_who_never_asks_cannot_use_what_others_were_granted() -> None:
    meter = BudgetMeter(Budget(max_calls=5))
    spend(meter, 3)
    meter.require(2)
    meter.let_in(granted=True)
    meter.let_in(granted=True)
    with pytest.raises(BudgetExhausted):
        meter.let_in(granted=False)


def test_a_search_that_ran_out_cannot_live_off_the_final_test() -> None:
    meter = BudgetMeter(Budget(max_calls=5))
    meter.reserve_final(5)
    with pytest.raises(BudgetExhausted):
        meter.let_in(granted=False)
    meter.reserve_final(0)
    with pytest.raises(BudgetExhausted):
        meter.let_in(granted=False)
    meter.require(5)
    meter.let_in()


@given(st.lists(st.floats(min_value=0, max_value=10), max_size=20))
def test_the_sum_does_not_depend_on_the_order_of_arrival(costs: list[float]) -> None:
    shuffled = sorted(costs)
    meters = BudgetMeter(Budget()), BudgetMeter(Budget())
    for meter, order in zip(meters, (costs, shuffled), strict=True):
        for cost in order:
            spend(meter, 1, ModelAnswer(text="x", cost_usd=cost))
    assert meters[0].usage.cost_usd == meters[1].usage.cost_usd


def test_no_limit_is_no_limit() -> None:
    meter = BudgetMeter(Budget())
    meter.require(10**9)
    assert meter.affordable(10**12)
