"""How many tokens a call can take at most, and how many it took where the provider does not say."""

from optimizers.lm.pricing import model_facts
from optimizers.lm.reasoning import LEAST_COMPLETION_TOKENS, thinks_first
from optimizers.types import ModelAnswer, ModelRequest

LARGEST_ANSWER = 32_768
"""Tokens: what an answer is reckoned to take at most where neither request nor list sets a limit."""

_AROUND_A_MESSAGE = 16
_BYTES_A_TOKEN = 4


def prompt_bound(request: ModelRequest) -> int:
    """At most so many prompt tokens: tokenizers that work on bytes make no more than one of each byte,
    and chat formats add a few around each message."""
    text = sum(len(message.content.encode()) + _AROUND_A_MESSAGE for message in request.messages)
    return text + len((request.decoding.response_format or "").encode()) + _AROUND_A_MESSAGE


def completion_bound(request: ModelRequest) -> int:
    """At most so many completion tokens: what the request asks for, or what the model can give."""
    asked = request.decoding.max_tokens
    if asked is not None:
        return max(asked, LEAST_COMPLETION_TOKENS) if thinks_first(request.model.name) else asked
    most = model_facts(request.model).get("max_output_tokens")
    return most if isinstance(most, int) and most > 0 else LARGEST_ANSWER


def expected_tokens(request: ModelRequest) -> int:
    """What providers count against a limit when a call comes in: the prompt by its length, and the
    completion that is asked for."""
    prompt = sum(len(message.content.encode()) + _AROUND_A_MESSAGE for message in request.messages)
    return _up(prompt) + (request.decoding.max_tokens or 0)


def estimated_tokens(request: ModelRequest, answer: ModelAnswer) -> tuple[int, int]:
    """Prompt and completion tokens by the usual four bytes a token, where a provider reports none."""
    prompt = sum(len(message.content.encode()) for message in request.messages)
    return _up(prompt), _up(len(answer.text.encode()))


def _up(size: int) -> int:
    return -(-size // _BYTES_A_TOKEN)
