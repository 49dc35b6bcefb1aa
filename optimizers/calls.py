"""A call: one prompt, the model that answers it, and how its answer becomes a verdict; to JSON and back.
Beside it a check, which asks nobody.

The JSON form is what a program without Concord needs to judge a row: OpenAI's names for messages and
decoding, the placeholders, and how to read the answer.
"""

import json
from dataclasses import dataclass

from optimizers.checks.limits import check_limits
from optimizers.errors import ArtifactInvalid, InvalidInput
from optimizers.plain import PlainObject
from optimizers.reading import ResponseFormat
from optimizers.template import AS_WRITTEN, PromptTemplate
from optimizers.types import DecisionRule, Decoding, Message, ModelRef, canonical_json

_ROLES = ("system", "user", "assistant")
_SAMPLING = ("temperature", "max_tokens", "top_p", "seed", "reasoning_effort")


@dataclass(frozen=True, kw_only=True)
class Call:
    """One prompt of a judge. `criterion` is what it looks for, where the judge is a set of assertions."""

    template: PromptTemplate
    model: ModelRef
    decision: DecisionRule = AS_WRITTEN
    criterion: str = ""

    def to_plain(self) -> dict[str, object]:
        """The JSON form. `decision` stands there only with a threshold, `criterion` only where it is said."""
        plain: dict[str, object] = {
            "messages": [{"role": m.role, "content": m.content} for m in self.template.messages],
            "placeholders": dict(self.template.placeholders),
            "response": _response_to_plain(self.template.response),
            "decoding": _decoding_to_plain(self.template.decoding),
            "model": {"name": self.model.name, "api_base": self.model.api_base},
        }
        if self.decision.threshold is not None:
            plain["decision"] = {"threshold": self.decision.threshold}
        return plain | ({"criterion": self.criterion} if self.criterion else {})

    @classmethod
    def from_plain(cls, plain: PlainObject) -> "Call":
        """Read the JSON form.

        Raises:
            ArtifactInvalid: a part is missing, of another kind or not usable.
        """
        model = plain.object("model")
        try:
            return cls(
                template=_template(plain),
                model=ModelRef(name=model.take("name", str), api_base=model.take("api_base", str, None)),
                decision=_decision(plain),
                criterion=plain.take("criterion", str, None) or "",
            )
        except InvalidInput as error:
            raise ArtifactInvalid(f"a call is not usable: {error}") from None


@dataclass(frozen=True, kw_only=True)
class Check:
    """A code check of a judge: an expression over a row's texts that is true where the row passes."""

    expression: str
    criterion: str = ""

    def to_plain(self) -> dict[str, object]:
        """The JSON form."""
        return {"expression": self.expression, "criterion": self.criterion}

    @classmethod
    def from_plain(cls, plain: PlainObject) -> "Check":
        """Read the JSON form.

        Raises:
            ArtifactInvalid: a part is missing, of another kind or larger than any check.
        """
        expression = plain.take("expression", str)
        try:
            check_limits(expression)
        except InvalidInput as error:
            raise ArtifactInvalid(f"a check is not usable: {error}") from None
        return cls(expression=expression, criterion=plain.take("criterion", str))


def _template(plain: PlainObject) -> PromptTemplate:
    places = plain.object("placeholders")
    return PromptTemplate(
        messages=tuple(message_of(item) for item in plain.objects("messages")),
        placeholders={"input": places.take("input", str), "output": places.take("output", str)},
        response=_response_of(plain.object("response")),
        decoding=_decoding_of(plain.object("decoding")),
    )


def message_of(plain: PlainObject) -> Message:
    """One chat message.

    Raises:
        ArtifactInvalid: its role is unknown, or its content no text.
    """
    role = plain.take("role", str)
    if role not in _ROLES:
        plain.refuse("role", "system, user or assistant")
    return Message(role=role, content=plain.take("content", str))  # type: ignore[arg-type]  # checked above


def _decision(plain: PlainObject) -> DecisionRule:
    if not plain.has("decision"):
        return AS_WRITTEN
    return decision_of(plain.object("decision"))


def decision_of(plain: PlainObject) -> DecisionRule:
    """A decision rule.

    Raises:
        ArtifactInvalid: its threshold is not in [0, 1].
    """
    threshold = plain.take("threshold", float, None)
    if threshold is not None and not 0 <= threshold <= 1:
        plain.refuse("threshold", "in [0, 1]")
    return DecisionRule(threshold=threshold)


def _response_to_plain(response: ResponseFormat) -> dict[str, object]:
    plain: dict[str, object] = {
        "field": response.field,
        "pass": response.pass_value,
        "fail": response.fail_value,
        "json_schema": response.json_schema,
    }
    optional = ("pattern", "probability_field", "rationale_field")
    return plain | {name: value for name in optional if (value := getattr(response, name)) is not None}


def _response_of(plain: PlainObject) -> ResponseFormat:
    return ResponseFormat(
        field=plain.take("field", str),
        pass_value=plain.take("pass", str),
        fail_value=plain.take("fail", str),
        pattern=plain.take("pattern", str, None),
        probability_field=plain.take("probability_field", str, None),
        rationale_field=plain.take("rationale_field", str, None),
        json_schema=plain.take("json_schema", dict, None),
    )


def _decoding_to_plain(decoding: Decoding) -> dict[str, object]:
    plain = {name: value for name in _SAMPLING if (value := getattr(decoding, name)) is not None}
    if decoding.stop:
        plain["stop"] = list(decoding.stop)
    if decoding.response_format is not None:
        plain["response_format"] = json.loads(decoding.response_format)
    if decoding.logprobs is not None:
        plain |= {"logprobs": True, "top_logprobs": decoding.logprobs}
    return plain


def _decoding_of(plain: PlainObject) -> Decoding:
    stop = plain.take("stop", list, None) or []
    if not all(isinstance(text, str) for text in stop):
        plain.refuse("stop", "a list of texts")
    form = plain.take("response_format", dict, None)
    return Decoding(
        temperature=plain.take("temperature", float, None),
        max_tokens=plain.take("max_tokens", int, None),
        top_p=plain.take("top_p", float, None),
        seed=plain.take("seed", int, None),
        stop=tuple(stop),
        response_format=None if form is None else canonical_json(form),
        logprobs=plain.take("top_logprobs", int, None),
        reasoning_effort=plain.take("reasoning_effort", str, None),
    )
