"""The offline model: an in-process stand-in that reads nothing but its prompt.

It is a demonstration, not a language model. It lets a newcomer without a key see the whole loop on
real rows: as a judge it learns in context from the demonstrations and rule lines that it is shown; as
a proposer it writes rule lines from the cases that it is shown, and criteria and assertions from the
words of prompts and people. Its numbers say nothing about any language model.
"""

import hashlib
import json
from functools import lru_cache

from optimizers.offline.cases import cases
from optimizers.offline.learner import Learner, Shown
from optimizers.offline.measures import Pair
from optimizers.offline.prompt import Asked, Form, Turn, asked, demonstrations, instruction, turn
from optimizers.offline.proposer import Proposer, explain
from optimizers.offline.suggesting import suggestions
from optimizers.offline.text import Text
from optimizers.types import Label, Message, ModelAnswer, ModelRequest

OFFLINE_NAME = "offline"
"""The name by which the model is asked for."""

OFFLINE_LABEL = "demonstration with the offline model, not a language model"
"""What stands wherever its results appear."""

_CHARACTERS_PER_TOKEN = 4
_LEARNERS_KEPT = 64


class OfflineModel:
    """A transport that answers by itself: deterministic, free of charge, in a few milliseconds.

    The answer is a function of the messages and, for proposals, of the sample's number. Safe to use
    from several threads and event loops.
    """

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request`. Tokens are estimated at four characters each."""
        text = answer(request)
        return ModelAnswer(
            text=text,
            prompt_tokens=sum(_tokens(message.content) for message in request.messages),
            completion_tokens=_tokens(text),
            cost_usd=0.0,
        )

    async def aclose(self) -> None:
        """Nothing is held."""


def _tokens(text: str) -> int:
    return -(-len(text) // _CHARACTERS_PER_TOKEN)


def answer(request: ModelRequest) -> str:
    """What the model says."""
    suggested = suggestions(request.messages)
    if suggested is not None:
        return json.dumps(suggested, ensure_ascii=False, indent=2)
    wanted = asked(request.messages)
    values = _judged(request, wanted) if wanted.verdict_field else _proposed(request, wanted)
    return _written(wanted, values)


def _judged(request: ModelRequest, wanted: Asked) -> dict[str, object]:
    learner = _learner(request.messages[:-1], instruction(request.messages))
    decision = learner.decide(_pair(turn(request.messages[-1].content)))
    label = Label.FAIL if decision.fail_probability >= 0.5 else Label.PASS
    values: dict[str, object] = {}
    for name in wanted.fields:
        if name == wanted.verdict_field:
            values[name] = wanted.words[label]
        elif wanted.is_probability(name):
            values[name] = round(decision.fail_probability, 3)
        else:
            values[name] = explain(label, decision.reasons)
    return values


@lru_cache(maxsize=_LEARNERS_KEPT)
def _learner(before: tuple[Message, ...], rules: str) -> Learner:
    """The judge that a prompt makes. Kept, since all rows of a candidate share it."""
    if not before:
        return Learner(rules, ())
    solved = demonstrations(before, asked(before).words)
    return Learner(rules, [Shown(pair=_pair(s.turn), label=s.label, rationale=s.rationale) for s in solved])


def _pair(row: Turn) -> Pair:
    return Pair(Text(row.input), Text(row.output))


def _proposed(request: ModelRequest, wanted: Asked) -> dict[str, object]:
    prompt = "\n".join(message.content for message in request.messages)
    seed = hashlib.sha256(f"{request.sample}/{prompt}".encode("utf-8", "surrogatepass")).hexdigest()
    proposer = Proposer(cases(request.messages), prompt, seed)
    values: dict[str, object] = {}
    for name in wanted.fields:
        if wanted.is_explanation(name):
            values[name] = proposer.rationale()
        elif "instruction" in name or name == "text" or "prompt" in name:
            values[name] = proposer.instruction()
        else:
            values[name] = proposer.description()
    return values


def _written(wanted: Asked, values: dict[str, object]) -> str:
    if wanted.form is Form.PLAIN:
        return str(values[wanted.fields[-1]])
    if wanted.form is Form.JSON:
        return json.dumps(values, ensure_ascii=False, indent=2)
    sections = (f"[[ ## {name} ## ]]\n{value}" for name, value in values.items())
    return "\n\n".join([*sections, "[[ ## completed ## ]]"])
