"""The values of the domain."""

from functools import reduce
from operator import add

from hypothesis import given
from hypothesis import strategies as st

from optimizers.types import ModelAnswer, Usage

USAGES = st.builds(
    Usage,
    calls=st.integers(0, 9),
    cached_calls=st.integers(0, 9),
    prompt_tokens=st.integers(0, 10**6),
    completion_tokens=st.integers(0, 10**6),
    cost_usd=st.none() | st.floats(0, 1),
    latency_ms=st.floats(0, 1e5),
)


@given(st.lists(USAGES))
def test_a_total_is_the_sum(usages: list[Usage]) -> None:
    assert Usage.total(usages) == reduce(add, usages, Usage())


def test_an_answer_from_the_ledger_is_the_same_but_for_where_it_came_from() -> None:
    answer = ModelAnswer(
        text="t",
        finish_reason="length",
        rejected="r",
        prompt_tokens=1,
        completion_tokens=2,
        cost_usd=0.3,
        latency_ms=4.0,
        logprobs=(("t", -0.5),),
        created_at=6.0,
    )
    found = answer.from_ledger()
    names = [name for name in ModelAnswer.__slots__ if getattr(found, name) != getattr(answer, name)]
    assert names == ["cached"]
    assert found.cached
