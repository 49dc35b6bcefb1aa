"""How ledgers store an answer: JSON that any of them can read."""

import json
from dataclasses import fields

from optimizers.types import ModelAnswer

_STORED = tuple(field.name for field in fields(ModelAnswer) if field.name != "cached")
_ENCODER = json.JSONEncoder(separators=(",", ":"))


def to_json(answer: ModelAnswer) -> str:
    """The answer as ASCII text; where it came from (`cached`) is not part of it."""
    return _ENCODER.encode({name: getattr(answer, name) for name in _STORED})


def from_json(text: str) -> ModelAnswer:
    """What `to_json` wrote."""
    stored = json.loads(text)
    if stored["logprobs"] is not None:
        stored["logprobs"] = tuple((token, logprob) for token, logprob in stored["logprobs"])
    return ModelAnswer(**stored)


def from_ledger(answer: ModelAnswer) -> ModelAnswer:
    """The same answer, marked as one that the ledger gave."""
    return ModelAnswer(  # field by field: `replace` takes twice as long, for each row of a repeated run
        text=answer.text,
        finish_reason=answer.finish_reason,
        rejected=answer.rejected,
        prompt_tokens=answer.prompt_tokens,
        completion_tokens=answer.completion_tokens,
        cost_usd=answer.cost_usd,
        latency_ms=answer.latency_ms,
        logprobs=answer.logprobs,
        created_at=answer.created_at,
        cached=True,
    )
