"""How ledgers store an answer: JSON that any of them can read."""

import json
from dataclasses import asdict

from optimizers.types import ModelAnswer


def to_json(answer: ModelAnswer) -> str:
    """The answer as ASCII text; where it came from (`cached`) is not part of it."""
    fields = asdict(answer)
    del fields["cached"]
    return json.dumps(fields, separators=(",", ":"))


def from_json(text: str) -> ModelAnswer:
    """What `to_json` wrote."""
    fields = json.loads(text)
    if fields["logprobs"] is not None:
        fields["logprobs"] = tuple((token, logprob) for token, logprob in fields["logprobs"])
    return ModelAnswer(**fields)
