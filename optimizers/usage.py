"""What many calls took together."""

from collections.abc import Iterable

from optimizers.types import Usage


def total(usages: Iterable[Usage]) -> Usage:
    """The sum of `usages`, as `+` makes it one after the other, without a value for each step."""
    calls = cached = prompt = completion = 0
    latency_ms, cost_usd, known = 0.0, 0.0, True
    for usage in usages:
        calls += usage.calls
        cached += usage.cached_calls
        prompt += usage.prompt_tokens
        completion += usage.completion_tokens
        latency_ms += usage.latency_ms
        cost_usd += usage.cost_usd or 0.0
        known = known and usage.cost_usd is not None
    return Usage(
        calls=calls,
        cached_calls=cached,
        prompt_tokens=prompt,
        completion_tokens=completion,
        cost_usd=cost_usd if known else None,
        latency_ms=latency_ms,
    )
