"""What a run will take, told before anything is spent."""

import pytest

from experiments.estimate import estimate
from experiments.spec import RunSpec
from optimizers.errors import InvalidInput, PriceUnknown
from optimizers.testing import JudgeWorld
from optimizers.types import Budget, ModelRef, Snapshot

PRICED = ModelRef(name="openai/gpt-4o-mini")


@pytest.fixture(scope="module")
def snapshot() -> Snapshot:
    return JudgeWorld(train=20, dev=30, test=40).snapshot()


def spec(**changes: object) -> RunSpec:
    values: dict[str, object] = {"run_id": "r", "strategy": "bootstrap_fewshot", "model": PRICED}
    return RunSpec(**(values | changes))  # type: ignore[arg-type]  # the tests name real fields


def test_calls_are_the_baseline_the_final_test_and_the_trials(snapshot: Snapshot) -> None:
    found = estimate(spec(options={"trials": 5}), snapshot)
    assert found.needed_calls == 30 + 2 * 40
    assert found.calls == 110 + 4 * 30
    assert found.rows == {"train": 20, "dev": 30, "test": 40}
    assert found.limited_by is None


def test_the_split_is_told_by_class(snapshot: Snapshot) -> None:
    found = estimate(spec(), snapshot)
    for part, rows in found.rows.items():
        assert found.classes[part]["pass"] + found.classes[part]["fail"] == rows
    assert min(found.classes["test"].values()) > 0


def test_a_budget_bounds_the_estimate_and_is_named(snapshot: Snapshot) -> None:
    found = estimate(spec(budget=Budget(max_calls=200)), snapshot)
    assert (found.calls, found.limited_by) == (200, "max_calls")
    assert estimate(spec(budget=Budget(max_tokens=60_000)), snapshot).limited_by == "max_tokens"


def test_a_strategy_may_say_itself_what_it_takes(snapshot: Snapshot) -> None:
    shorter, longer = (estimate(spec(strategy="joint", options={"rounds": n}), snapshot) for n in (1, 3))
    assert longer.calls - longer.needed_calls == 2 * (shorter.calls - shorter.needed_calls)
    assert shorter.calls - shorter.needed_calls >= 2 * 30  # an opening and a round, on 30 dev rows
    bounded = estimate(spec(strategy="joint", budget=Budget(max_calls=200)), snapshot)
    assert (bounded.calls, bounded.limited_by) == (200, "max_calls")
    other = estimate(spec(budget=Budget(max_calls=200)), snapshot)
    assert bounded.prompt_tokens > other.prompt_tokens  # its candidates show more solved examples


def test_tokens_come_from_the_rendered_prompt(snapshot: Snapshot) -> None:
    short = estimate(spec(), snapshot)
    long = estimate(spec(instruction="Judge the answer. " * 500), snapshot)
    assert long.prompt_tokens - short.prompt_tokens == pytest.approx(short.calls * 9_000 / 4, rel=0.05)


def test_an_unknown_price_is_unknown_and_refuses_a_limit_in_dollars(snapshot: Snapshot) -> None:
    unpriced = ModelRef(name="openai/own-model", api_base="http://127.0.0.1:9/v1")
    found = estimate(spec(model=unpriced), snapshot)
    assert found.cost_usd is None
    assert found.cost_unknown == "the price of openai/own-model at http://127.0.0.1:9/v1 is not known"
    assert estimate(spec(), snapshot).cost_unknown is None
    with pytest.raises(PriceUnknown):
        estimate(spec(model=unpriced, budget=Budget(max_cost_usd=1.0)), snapshot)


def test_the_offline_model_costs_nothing(snapshot: Snapshot) -> None:
    assert estimate(spec(model=ModelRef(name="offline")), snapshot).cost_usd == 0


def test_an_unknown_strategy_is_refused(snapshot: Snapshot) -> None:
    with pytest.raises(InvalidInput, match="strategy must be one of"):
        estimate(spec(strategy="alchemy"), snapshot)
