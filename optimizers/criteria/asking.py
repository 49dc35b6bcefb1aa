"""How criteria and assertions are asked for: by messages, through whoever answers, with a second try."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from optimizers.errors import AnswerUnusable
from optimizers.protocols import LanguageModel
from optimizers.strategies.answers import sendable
from optimizers.types import Decoding, Message, ModelRef, ModelRequest
from optimizers.workbench import PROPOSER_DECODING

T = TypeVar("T")

Ask = Callable[[tuple[Message, ...], int], Awaitable[str]]
"""Answers messages. The number tells answers to equal messages apart. A refusal is an empty answer."""

_TRIES = 2
_QUOTED = 120


def ask_through(lm: LanguageModel, model: ModelRef, decoding: Decoding = PROPOSER_DECODING) -> Ask:
    """Ask `model` through `lm`: a session of the gateway, so that ledger, budget and spend cap hold."""

    async def ask(messages: tuple[Message, ...], sample: int) -> str:
        request = ModelRequest(model=model, messages=messages, decoding=decoding, sample=sample)
        return (await lm.ask(request)).text

    return ask


async def ask_for(
    wanted: str, messages: tuple[Message, ...], read: Callable[[str], T | None], ask: Ask, sample: int
) -> T:
    """What `read` makes of the answer. Where that is `None`, the same is asked once more.

    Raises:
        AnswerUnusable: neither answer can be read; `wanted` says what was asked for.
    """
    answer = ""
    for attempt in range(_TRIES):
        answer = await ask(messages, _TRIES * sample + attempt)
        found = read(answer)
        if found is not None:
            return found
    raise AnswerUnusable(wanted, sendable(" ".join(answer.split())[:_QUOTED]))
