"""Retries: capped waits, and an end."""

import random

import pytest

from optimizers.errors import AuthenticationFailed, InvalidInput, ProviderUnavailable
from optimizers.lm.retry import Retried, RetryPolicy
from optimizers.types import Message, ModelAnswer, ModelRef, ModelRequest

REQUEST = ModelRequest(model=ModelRef(name="m"), messages=(Message(role="user", content="?"),))
AT_ONCE = RetryPolicy(max_attempts=3, first_backoff_s=0.0, longest_retry_after_s=0.0)


class Failing:
    def __init__(self, *troubles: Exception) -> None:
        self.troubles = list(troubles)
        self.calls = 0

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        self.calls += 1
        if self.troubles:
            raise self.troubles.pop(0)
        return ModelAnswer(text="there")

    async def aclose(self) -> None: ...


async def retried(inner: Failing) -> ModelAnswer:
    return await Retried(inner, AT_ONCE, random.Random(1)).complete(REQUEST)


async def test_a_transient_failure_is_tried_again() -> None:
    inner = Failing(ProviderUnavailable("500"), ProviderUnavailable("429", retry_after_s=3600))
    assert (await retried(inner)).text == "there"
    assert inner.calls == 3


async def test_the_last_failure_is_raised() -> None:
    inner = Failing(*(ProviderUnavailable(f"failure {n}") for n in range(1, 5)))
    with pytest.raises(ProviderUnavailable, match="failure 3"):
        await retried(inner)
    assert inner.calls == 3


async def test_a_wrong_key_is_not_tried_again() -> None:
    inner = Failing(AuthenticationFailed("401"))
    with pytest.raises(AuthenticationFailed):
        await retried(inner)
    assert inner.calls == 1


def test_waits_grow_from_the_first_to_the_longest_and_are_spread_over_all_of_it() -> None:
    policy, trouble = RetryPolicy(first_backoff_s=1, longest_backoff_s=10), ProviderUnavailable("500")
    assert [policy.wait_s(failures, trouble, 1.0) for failures in range(1, 7)] == [1, 2, 4, 8, 10, 10]
    assert policy.wait_s(6, trouble, 0.0) == 0


def test_an_hour_of_retry_after_is_capped() -> None:
    trouble = ProviderUnavailable("429", retry_after_s=3600, rate_limited=True)
    assert RetryPolicy(longest_retry_after_s=20).wait_s(1, trouble, 0.5) == 20


def test_a_short_retry_after_is_kept_to() -> None:
    trouble = ProviderUnavailable("429", retry_after_s=2)
    assert RetryPolicy(first_backoff_s=0.1).wait_s(1, trouble, 0.5) == 2


def test_no_attempt_at_all_is_refused() -> None:
    with pytest.raises(InvalidInput, match="max_attempts must be 1 or more, got 0"):
        RetryPolicy(max_attempts=0)
