"""Time, tokens and price of a call."""

import asyncio

import pytest

from optimizers.errors import ProviderUnavailable
from optimizers.lm.meter import Metered, Timed
from optimizers.lm.pricing import Price, Pricing
from optimizers.lm.tokens import LARGEST_ANSWER, completion_bound, prompt_bound
from optimizers.types import Decoding, Message, ModelAnswer, ModelRef, ModelRequest


class Slow:
    """Answers after a while, as a provider that trickles does: no single wait is long."""

    def __init__(self, answer: ModelAnswer, waits: int = 0) -> None:
        self.answer = answer
        self.waits = waits

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        for _ in range(self.waits):
            await asyncio.sleep(0.01)
        return self.answer

    async def aclose(self) -> None: ...


def question(name: str = "m", text: str = "Wie geht's? 漢字", max_tokens: int | None = 50) -> ModelRequest:
    return ModelRequest(
        model=ModelRef(name=name),
        messages=(Message(role="user", content=text),),
        decoding=Decoding(max_tokens=max_tokens),
    )


async def test_a_call_that_takes_too_long_is_cut_off_and_may_be_charged() -> None:
    with pytest.raises(ProviderUnavailable, match=r"no answer within 0\.05 s") as trouble:
        await Timed(Slow(ModelAnswer(text="late"), waits=1_000), timeout_s=0.05).complete(question())
    assert trouble.value.charged


async def test_an_answer_says_how_long_it_took() -> None:
    answer = await Timed(Slow(ModelAnswer(text="x"), waits=2), timeout_s=5).complete(question())
    assert answer.latency_ms >= 15


async def test_reported_tokens_are_priced() -> None:
    pricing = Pricing({"m": Price(prompt_usd_per_million=1, completion_usd_per_million=10)})
    answer = ModelAnswer(text="x", prompt_tokens=1_000, completion_tokens=100)
    priced = await Metered(Slow(answer), pricing).complete(question())
    assert (priced.prompt_tokens, priced.completion_tokens, priced.cost_usd) == (1_000, 100, 0.002)
    assert priced.created_at > 0


async def test_without_a_price_the_cost_is_unknown_unless_the_transport_states_it() -> None:
    unknown = await Metered(Slow(ModelAnswer(text="x")), Pricing()).complete(question())
    stated = await Metered(Slow(ModelAnswer(text="x", cost_usd=0.0)), Pricing()).complete(question())
    assert (unknown.cost_usd, stated.cost_usd) == (None, 0.0)


def test_no_tokenizer_makes_more_tokens_than_there_are_bytes() -> None:
    assert prompt_bound(question(text="漢" * 100)) >= 300


@pytest.mark.parametrize(
    ("request_", "most"),
    [
        (question(max_tokens=50), 50),
        (question("openai/gpt-4o-mini", max_tokens=None), 16_384),
        (question("mystery/m", max_tokens=None), LARGEST_ANSWER),
        (question("openai/gpt-5-mini", max_tokens=50), 16_000),
    ],
)
def test_an_answer_is_bounded_by_what_is_asked_or_can_be_given(request_: ModelRequest, most: int) -> None:
    assert completion_bound(request_) == most
