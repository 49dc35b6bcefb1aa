"""From what a model wrote to a verdict, or to the reason why there is none.

An answer is read as strictly as it can be and as leniently as is safe: a JSON object, alone, fenced or
amid prose; failing that, the verdict's field in JSON that is slightly broken. What could be read two
ways is not read at all. Time is bounded on hostile answers, and so is what is looked at.
"""

import json
import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from optimizers.errors import InvalidInput
from optimizers.patterns import Pattern, PatternTimeout, guarded
from optimizers.types import DecisionRule, Failure, FailureKind, Label, ModelAnswer, Outcome, Verdict

LONGEST_ANSWER = 100_000
"""Characters that are read. A longer answer is read from its end, where verdicts stand."""

MOST_OBJECTS = 200
"""Places in an answer where a JSON object is looked for."""

REJECTED = "the provider rejects this request"
"""How the message of a refusal begins that came from the provider, not from the model."""

_KEPT_OF_A_FAILURE = 4_000


@dataclass(frozen=True, kw_only=True)
class ResponseFormat:
    """How to read an answer: a field of a JSON object, or the first group of `pattern`.

    `pass_value` and `fail_value` are compared without regard to case, quotes, stars and a full stop.
    `json_schema` describes the object, where one is known; `probability_field` and `rationale_field`
    name fields that may stand beside the verdict.

    Raises:
        InvalidInput: the pattern does not compile or has no group, or both values are one word.
    """

    field: str = "verdict"
    pass_value: str = "pass"
    fail_value: str = "fail"
    pattern: str | None = None
    probability_field: str | None = None
    rationale_field: str | None = None
    json_schema: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        if len(self.labels) != 2 or "" in self.labels:
            raise InvalidInput(
                f"pass_value and fail_value must be two different words, got {self.pass_value!r} and "
                f"{self.fail_value!r}"
            )
        if self.pattern is None and not self.field:
            raise InvalidInput("field must name a field of the JSON answer, got ''")
        if self.pattern is not None:
            _compiled(self.pattern)

    @cached_property
    def labels(self) -> Mapping[str, Label]:
        """Both values in comparable form."""
        return {_comparable(self.pass_value): Label.PASS, _comparable(self.fail_value): Label.FAIL}

    @cached_property
    def loose_field(self) -> re.Pattern[str]:
        """The verdict's field where the JSON around it is broken: `"verdict": "pass"`."""
        values = "|".join(re.escape(value) for value in (self.pass_value, self.fail_value))
        return re.compile(
            rf"""(?<!\w){re.escape(self.field)}["'`*]{{0,3}}\s{{0,20}}[:=]["'`*\s]{{0,24}}({values})"""
            r"(?!\w|\s*(?:\||/|or\b))",
            re.IGNORECASE,
        )


class Unreadable(Exception):
    """There is no verdict in the text; the message says why."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """What stands in an answer."""

    label: Label
    fail_probability: float | None = None
    rationale: str | None = None


def read_answer(response: ResponseFormat, answer: ModelAnswer, decision: DecisionRule) -> Outcome:
    """The verdict in `answer` under `decision`; or a failure, `refused` or `unparseable`, with its cause.

    An answer that was cut off counts only if its JSON object was complete by then.
    """
    refusal = _refusal(answer)
    if refusal is not None:
        return _failure(FailureKind.REFUSED, refusal, answer)
    try:
        reading = read_text(response, answer.text, complete=answer.finish_reason != "length")
    except Unreadable as error:
        return _failure(FailureKind.UNPARSEABLE, str(error), answer)
    verdict = Verdict(
        label=reading.label,
        fail_probability=reading.fail_probability,
        rationale=reading.rationale,
        usage=answer.usage,
    )
    return decided(verdict, decision, answer.text)


def decided(outcome: Outcome, rule: DecisionRule, answer: str | None = None) -> Outcome:
    """`outcome` under `rule`. A threshold costs no call: it reads a probability that is there.

    A verdict that should carry a probability of fail and does not is unparseable; `answer` is the
    text that it came from, where that is at hand.
    """
    if rule.threshold is None or isinstance(outcome, Failure):
        return outcome
    if outcome.fail_probability is None:
        return Failure(
            kind=FailureKind.UNPARSEABLE,
            message="the answer gives no probability of fail, which the threshold needs",
            answer=answer if answer is not None else outcome.label.value,
            usage=outcome.usage,
        )
    label = Label.FAIL if outcome.fail_probability >= rule.threshold else Label.PASS
    return replace(outcome, label=label)


def read_text(response: ResponseFormat, text: str, *, complete: bool = True) -> Reading:
    """What stands in `text`. `complete` is false where the model was cut off.

    Raises:
        Unreadable: there is no verdict, or more than one.
    """
    text = _spoken(text[-LONGEST_ANSWER:])
    if not text:
        raise Unreadable("the answer is empty" if complete else "the answer was cut off in its thoughts")
    if response.pattern is not None:
        return Reading(label=_by_pattern(response, text, complete=complete))
    found = [item for item in _objects(text) if response.field in item]
    if found:
        return _from_object(response, found)
    if not complete:
        raise Unreadable("the answer was cut off at the limit of tokens before its verdict was complete")
    return Reading(label=_by_loose_field(response, text))


def _refusal(answer: ModelAnswer) -> str | None:
    if answer.rejected is not None:
        return f"{REJECTED}: {answer.rejected}"
    if answer.finish_reason == "refusal":
        return "the model refused to answer"
    if answer.finish_reason == "content_filter":
        return "the provider's content filter stopped the answer"
    return None


def _failure(kind: FailureKind, message: str, answer: ModelAnswer) -> Failure:
    kept = answer.text[-_KEPT_OF_A_FAILURE:] or None
    return Failure(kind=kind, message=message, answer=kept, usage=answer.usage)


def _spoken(text: str) -> str:
    """`text` without the thoughts that some models write before their answer, opened or not."""
    thoughts, closed, rest = text.rpartition("</think>")
    if closed and not thoughts.lstrip().startswith("{"):
        return rest.strip()
    return "" if text.lstrip().startswith("<think>") else text.strip()


# --- JSON ---------------------------------------------------------------------------------------------


def _objects(text: str) -> Iterator[dict[str, object]]:
    """The outermost JSON objects in `text`, in order."""
    position = 0
    for _ in range(MOST_OBJECTS):
        position = text.find("{", position)
        if position < 0:
            return
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError):
            position += 1
            continue
        yield value


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """An object of the answer. A name that stands twice with two values has both, as a list."""
    result: dict[str, object] = {}
    for name, value in pairs:
        known = result.setdefault(name, value)
        if known != value:
            result[name] = [*known, value] if isinstance(known, list) else [known, value]
    return result


_DECODER = json.JSONDecoder(strict=False, object_pairs_hook=_object)


def _from_object(response: ResponseFormat, found: list[dict[str, object]]) -> Reading:
    readable = [(item, label) for item in found if (label := _label(response, item[response.field]))]
    if not readable:
        raise Unreadable(_unknown(response, found[-1][response.field]))
    if len({label for _, label in readable}) > 1:
        raise Unreadable("the answer holds two different verdicts")
    item, label = readable[-1]
    rationale = item.get(response.rationale_field) if response.rationale_field else None
    return Reading(
        label=label,
        fail_probability=_probability(item.get(response.probability_field or "")),
        rationale=rationale if rationale is None or isinstance(rationale, str) else json.dumps(rationale),
    )


def _label(response: ResponseFormat, value: object) -> Label | None:
    text = json.dumps(value) if isinstance(value, bool | int | float) else value
    return response.labels.get(_comparable(text)) if isinstance(text, str) else None


def _unknown(response: ResponseFormat, value: object) -> str:
    allowed = f"{response.pass_value!r} or {response.fail_value!r}"
    return f"the verdict must be {allowed}, got {str(value)[:80]!r}"


def _probability(value: object) -> float | None:
    """A number in [0, 1], also as text; anything else is no probability (it is never clamped)."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and 0 <= number <= 1 else None


def _by_loose_field(response: ResponseFormat, text: str) -> Label:
    labels = {_label(response, match) for match in response.loose_field.findall(text)} - {None}
    if len(labels) != 1:
        raise Unreadable(
            f"the answer holds two different values of {response.field}"
            if labels
            else f"the answer holds no JSON object with the field {response.field!r}"
        )
    label = labels.pop()
    assert label is not None
    return label


# --- patterns -----------------------------------------------------------------------------------------


def _by_pattern(response: ResponseFormat, text: str, *, complete: bool) -> Label:
    assert response.pattern is not None
    try:
        match = _compiled(response.pattern).first(text)
    except PatternTimeout as error:
        raise Unreadable(f"{error} on this answer") from None
    if match is None or match.group(1) is None:
        cut = "" if complete else "; it was cut off at the limit of tokens"
        raise Unreadable(f"the pattern finds nothing in the answer{cut}")
    label = _label(response, match.group(1))
    if label is None:
        raise Unreadable(_unknown(response, match.group(1)))
    return label


def _compiled(pattern: str) -> Pattern:
    compiled = guarded(pattern)
    if compiled.groups < 1:
        raise InvalidInput(f"pattern needs a group around the verdict, such as (pass|fail), got {pattern!r}")
    return compiled


def _comparable(value: str) -> str:
    return value.strip().strip("\"'`*").strip().rstrip(".!").strip().casefold()
