"""What many calls took together."""

from functools import reduce
from operator import add

from hypothesis import given
from hypothesis import strategies as st

from optimizers.types import Usage
from optimizers.usage import total

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
    assert total(usages) == reduce(add, usages, Usage())
