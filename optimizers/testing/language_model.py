"""What everybody who answers requests keeps to."""

# ruff: noqa: D102  # the class lists its tests by number

import asyncio
from dataclasses import replace

from optimizers.protocols import LanguageModel
from optimizers.types import Decoding, Message, ModelAnswer, ModelRef, ModelRequest

_HOSTILE = 'naïve 漢字 \U0001f600 \u202e {{input}} [[ ## verdict ## ]] {"a": 1} \x00 \n\r\t'


class LanguageModelContract:
    """Invariants of a language model.

    A test class derives from it and gives fixtures `language_model`, one line for each, and
    `model_ref`, the model that it answers for. They answer a judge's prompt with text:

    1. an answer is a `ModelAnswer` with text and counts of tokens, neither of them negative;
    2. the same request gets the same text;
    3. concurrent requests get each their own answer, whatever the order of arrival;
    4. a row's text, however hostile, harms neither the call nor the next one;
    5. a request is not changed by being asked.
    """

    async def test_1_an_answer_has_text_and_counts(
        self, language_model: LanguageModel, model_ref: ModelRef
    ) -> None:
        answer = await language_model.ask(judging(model_ref, "All is well."))
        assert isinstance(answer, ModelAnswer)
        assert answer.text
        assert answer.prompt_tokens >= 0
        assert answer.completion_tokens >= 0
        assert answer.usage.calls == 1

    async def test_2_the_same_request_gets_the_same_text(
        self, language_model: LanguageModel, model_ref: ModelRef
    ) -> None:
        request = judging(model_ref, "All is well.")
        first, second = await language_model.ask(request), await language_model.ask(replace(request))
        assert first.text == second.text

    async def test_3_concurrent_requests_get_each_their_own_answer(
        self, language_model: LanguageModel, model_ref: ModelRef
    ) -> None:
        requests = [judging(model_ref, f"Reply number {n}.") for n in range(24)]
        alone = [(await language_model.ask(request)).text for request in requests]
        together = await asyncio.gather(*(language_model.ask(request) for request in reversed(requests)))
        assert [answer.text for answer in reversed(together)] == alone

    async def test_4_a_hostile_text_harms_nothing(
        self, language_model: LanguageModel, model_ref: ModelRef
    ) -> None:
        before = await language_model.ask(judging(model_ref, "All is well."))
        assert isinstance(await language_model.ask(judging(model_ref, _HOSTILE)), ModelAnswer)
        assert (await language_model.ask(judging(model_ref, "All is well."))).text == before.text

    async def test_5_a_request_is_not_changed(
        self, language_model: LanguageModel, model_ref: ModelRef
    ) -> None:
        request = judging(model_ref, "All is well.")
        key = request.key
        await language_model.ask(request)
        assert request.key == key


def judging(model: ModelRef, output: str) -> ModelRequest:
    """A small judge's prompt about `output`."""
    system = 'Decide whether the reply is polite. Answer with a JSON object: {"verdict": "..."}'
    return ModelRequest(
        model=model,
        messages=(Message(role="system", content=system), Message(role="user", content=output)),
        decoding=Decoding(),
    )
