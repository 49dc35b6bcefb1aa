"""Limits as a person writes them, and which calls they are for."""

import pytest

from optimizers.errors import InvalidInput
from optimizers.lm.gcra import LaneLimit, Pace
from optimizers.lm.provider_limits import ProviderLimits, parse_limits
from optimizers.types import ModelRef


class Book:
    def __init__(self) -> None:
        self.booked: list[tuple[str, LaneLimit, int]] = []

    async def book(self, lane: str, limit: LaneLimit, tokens: int) -> float:
        self.booked.append((lane, limit, tokens))
        return 0.0


def test_requests_and_tokens_by_provider_and_address() -> None:
    assert parse_limits("openai=500rpm, 200000TPM; http://127.0.0.1:11434/v1/=60rpm;") == {
        "openai": LaneLimit(requests=Pace(per_minute=500), tokens=Pace(per_minute=200_000)),
        "http://127.0.0.1:11434/v1": LaneLimit(requests=Pace(per_minute=60)),
    }


def test_nothing_means_no_limit() -> None:
    assert parse_limits("  ") == {}


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("openai", "'openai' is no limit"),
        ("=5rpm", "'=5rpm' is no limit"),
        ("openai=", "'' is no limit of 'openai'"),
        ("openai=500", "'500' is no limit of 'openai'"),
        ("openai=5.5rpm", "'5.5rpm'"),
        ("openai=-5rpm", "'-5rpm'"),
        ("openai=0rpm", "1 a minute or more, got '0rpm'"),
        ("openai=5rpm,6rpm", "more than one limit in rpm"),
        ("openai=5rpm;OpenAI=6tpm", "'openai' are given twice"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, named: str) -> None:
    with pytest.raises(InvalidInput, match=named):
        parse_limits(text)


def test_an_address_has_limits_of_its_own() -> None:
    limits = ProviderLimits(parse_limits("openai=5rpm;http://gpu:1/v1=6rpm"), Book())
    assert limits.lane(ModelRef(name="openai/m")) == "openai"
    assert limits.lane(ModelRef(name="openai/m", api_base="http://gpu:1/v1/")) == "http://gpu:1/v1"
    assert limits.lane(ModelRef(name="openai/m", api_base="http://gpu:2/v1")) is None
    assert limits.lane(ModelRef(name="anthropic/m")) is None


async def test_each_key_has_a_lane_of_its_own() -> None:
    book = Book()
    limits = [ProviderLimits(parse_limits("openai=5rpm"), book, key_mark=lambda _, n=n: n) for n in "ab"]  # type: ignore[misc]  # a default is how a lambda keeps its letter
    lanes = [some.lane(ModelRef(name="openai/m")) for some in limits]
    assert lanes == ["openai#a", "openai#b"]
    await limits[0].acquire("openai#a", 7)
    assert book.booked == [("openai#a", LaneLimit(requests=Pace(per_minute=5)), 7)]
