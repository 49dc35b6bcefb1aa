"""The winning judge as a portable file: versioned plain JSON that works without Concord.

One or more calls and the rule that combines them, the candidate that they were rendered from, the
evidence and where it came from. Reading, rendering and judging need neither DSPy nor a pickle.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from math import isfinite

from optimizers.calls import Call, Check, decision_of, message_of
from optimizers.errors import ArtifactInvalid
from optimizers.plain import PlainObject, parse
from optimizers.template import AS_WRITTEN, PromptTemplate
from optimizers.types import (
    ANY_FAIL,
    Assertion,
    AssertionKind,
    Candidate,
    Combination,
    Demonstration,
    Label,
    ModelRef,
    VerbatimPrompt,
    digest,
    unnamed,
)

FORMAT = "concord.judge"
VERSION = 1
EVIDENCE_DIGITS = 6
VOLATILE = frozenset({"spend", "per_judgement", "readings"})
"""Keys of a report that differ between two runs that are the same."""


_ALWAYS_THERE = ModelRef(name="offline")
"""Stands for the model of a judge that asks none, where somebody must be named."""


class Rule(StrEnum):
    """How the verdicts of several calls become one."""

    SINGLE = "single"
    """There is one call, and its verdict counts."""
    ANY_FAIL = "any_fail"
    """A row fails if any call fails it. Later calls are not asked then."""
    LEARNED = "learned"
    """The evidence of all calls is weighed, and a row fails where it comes to more than 0."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A judge with its evidence.

    `combination` holds the weights of a learned rule, one for each call. A judge may have checks, which
    ask no model, beside its prompts or alone.

    `report` is the run's report as plain values, `provenance` says where it comes from: dataset,
    `snapshot` (the digest of rows and split), seed, strategy, configuration, versions.

    Raises:
        ArtifactInvalid: there is no call, several without a rule for several, or weights that do not fit.
    """

    calls: tuple[Call | Check, ...]
    rule: Rule = Rule.SINGLE
    combination: Combination = ANY_FAIL
    criterion: str = ""
    candidate: Candidate | None = None
    report: Mapping[str, object] = field(default_factory=dict)
    provenance: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.calls or (self.rule is Rule.SINGLE and len(self.calls) > 1):
            raise ArtifactInvalid(f"the rule {self.rule.value!r} does not fit {len(self.calls)} calls")
        weights = len(self.combination.weights)
        if weights != (len(self.calls) if self.rule is Rule.LEARNED else 0):
            raise ArtifactInvalid(
                f"the rule {self.rule.value!r} of {len(self.calls)} calls does not fit {weights} weights"
            )

    @cached_property
    def digest(self) -> str:
        """SHA-256 over the judge, the split and the rounded evidence; never spend, latency, ids, times
        or the address that serves the model."""
        return _digest(self._plain())

    @property
    def id(self) -> str:
        """What evaluations by this judge are filed under."""
        return self.candidate.id if self.candidate else self.digest[:16]

    @property
    def prompts(self) -> tuple[Call, ...]:
        """The calls that ask a model."""
        return tuple(call for call in self.calls if isinstance(call, Call))

    @property
    def call(self) -> Call:
        """The first prompt: the only one of a judge that is one prompt.

        Raises:
            ArtifactInvalid: the judge consists of checks alone.
        """
        if not self.prompts:
            raise ArtifactInvalid("the judge asks no model: it consists of checks alone")
        return self.prompts[0]

    @property
    def model(self) -> ModelRef:
        """The model of its first prompt; `offline`, which is always there, where it asks none."""
        return self.prompts[0].model if self.prompts else _ALWAYS_THERE

    def to_plain(self) -> dict[str, object]:
        """The file's content as plain values."""
        return self._plain() | {"digest": self.digest}

    def to_json(self) -> str:
        """The file: indented JSON, the same text for the same artifact."""
        return json.dumps(self.to_plain(), ensure_ascii=False, indent=2, allow_nan=False) + "\n"

    def _plain(self) -> dict[str, object]:
        return {
            "format": FORMAT,
            "version": VERSION,
            "calls": [{"kind": _kind(call), **call.to_plain()} for call in self.calls],
            "rule": {"kind": self.rule.value} | self._weights(),
            "criterion": self.criterion,
            "candidate": None if self.candidate is None else self.candidate.to_plain(),
            "report": dict(self.report),
            "provenance": dict(self.provenance),
        }

    def _weights(self) -> dict[str, object]:
        if self.rule is not Rule.LEARNED:
            return {}
        return {"weights": list(self.combination.weights), "bias": self.combination.bias}


def _kind(call: Call | Check) -> str:
    return "prompt" if isinstance(call, Call) else "check"


def artifact_of(
    candidate: Candidate,
    criterion: str,
    template: PromptTemplate,
    model: ModelRef,
    *,
    report: Mapping[str, object],
    provenance: Mapping[str, object],
) -> Artifact:
    """The artifact of a candidate whose prompt is `template`."""
    call = Call(template=template, model=model, decision=candidate.decision)
    return artifact_of_calls(candidate, criterion, (call,), report=report, provenance=provenance)


def artifact_of_calls(
    candidate: Candidate,
    criterion: str,
    calls: tuple[Call | Check, ...],
    *,
    report: Mapping[str, object],
    provenance: Mapping[str, object],
) -> Artifact:
    """The artifact of a candidate that asks `calls` (see `optimizers.rendering.calls_of`)."""
    rule = Rule.LEARNED if candidate.combination.weights else Rule.ANY_FAIL
    return Artifact(
        calls=calls,
        rule=rule if candidate.assertions else Rule.SINGLE,
        combination=candidate.combination,
        criterion=criterion,
        candidate=candidate,
        report=report,
        provenance=provenance,
    )


# --- the digest ---------------------------------------------------------------------------------------


def _digest(plain: Mapping[str, object]) -> str:
    provenance, report, calls = plain.get("provenance"), plain.get("report"), plain.get("calls")
    covered = {name: plain.get(name) for name in ("format", "version", "rule", "criterion", "candidate")}
    if isinstance(candidate := plain.get("candidate"), Mapping):
        covered["candidate"] = unnamed(candidate)
    covered["calls"] = [_without_address(call) for call in calls] if isinstance(calls, list) else None
    covered["snapshot"] = provenance.get("snapshot") if isinstance(provenance, Mapping) else None
    covered["evidence"] = evidence(report) if isinstance(report, Mapping) else None
    return digest(_exact(covered))


def evidence(report: Mapping[str, object]) -> dict[str, object]:
    """The part of a report that is the same for the same run, its numbers rounded."""
    return {name: _lasting(value) for name, value in report.items() if name not in VOLATILE}


def _lasting(value: object) -> object:
    if isinstance(value, float):
        return _exact(round(value, EVIDENCE_DIGITS))
    if isinstance(value, Mapping):
        return evidence(value)
    if isinstance(value, list | tuple):
        return [_lasting(item) for item in value]
    return value


def _exact(value: object) -> object:
    """`value` with whole floats as integers: other languages write 0.0 as 0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {name: _exact(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_exact(item) for item in value]
    return value


def _without_address(call: object) -> object:
    if not isinstance(call, Mapping) or not isinstance(call.get("model"), Mapping):
        return call
    return {**call, "model": call["model"].get("name")}


# --- reading a file -----------------------------------------------------------------------------------


def from_json(text: str | bytes) -> Artifact:
    """Read a judge file.

    Raises:
        ArtifactInvalid: it is not JSON, not a judge, of another version, incomplete, or its digest
            does not fit its content.
    """
    return from_plain(parse(text))


def from_plain(value: object) -> Artifact:
    """Read a judge from plain values. Raises as `from_json` does."""
    plain = PlainObject(value, "artifact")
    if plain.take("format", str, None) != FORMAT:
        plain.refuse("format", repr(FORMAT))
    if plain.take("version", int) != VERSION:
        plain.refuse("version", f"{VERSION}, the one that this Concord reads")
    assert isinstance(value, Mapping)
    stated, found = plain.take("digest", str), _digest(value)
    if stated != found:
        raise ArtifactInvalid(f"the digest does not fit the content: the file says {stated}, it is {found}")
    return Artifact(
        calls=tuple(_call(item) for item in plain.objects("calls")),
        rule=_rule(plain.object("rule")),
        combination=_combination(plain.object("rule")),
        criterion=plain.take("criterion", str),
        candidate=_candidate(plain.object("candidate")) if plain.has("candidate") else None,
        report=plain.take("report", dict),
        provenance=plain.take("provenance", dict),
    )


def _call(plain: PlainObject) -> Call | Check:
    kind = plain.take("kind", str)
    if kind == "check":
        return Check.from_plain(plain)
    if kind != "prompt":
        plain.refuse("kind", "'prompt' or 'check'")
    return Call.from_plain(plain)


def _combination(plain: PlainObject) -> Combination:
    weights = plain.take("weights", list, None)
    if not weights:
        return ANY_FAIL
    if not all(isinstance(w, int | float) and not isinstance(w, bool) and isfinite(w) for w in weights):
        plain.refuse("weights", "a list of numbers")
    return Combination(weights=tuple(map(float, weights)), bias=plain.take("bias", float))


def _rule(plain: PlainObject) -> Rule:
    kind = plain.take("kind", str)
    if kind not in list(Rule):
        plain.refuse("kind", " or ".join(repr(rule.value) for rule in Rule))
    return Rule(kind)


def _candidate(plain: PlainObject) -> Candidate:
    return Candidate(
        instruction=plain.take("instruction", str),
        demonstrations=tuple(_demonstration(item) for item in plain.objects("demonstrations")),
        reasoning=plain.take("reasoning", bool),
        probability=plain.take("probability", bool),
        decision=decision_of(plain.object("decision")) if plain.has("decision") else AS_WRITTEN,
        verbatim=_verbatim(plain.object("verbatim")) if plain.has("verbatim") else None,
        assertions=tuple(map(_assertion, plain.objects("assertions"))) if plain.has("assertions") else (),
        combination=_combination(plain.object("combination")) if plain.has("combination") else ANY_FAIL,
    )


def _assertion(plain: PlainObject) -> Assertion:
    kind = plain.take("kind", str)
    if kind not in list(AssertionKind):
        plain.refuse("kind", "'prompt' or 'check'")
    return Assertion(
        id=plain.take("id", str),
        criterion=plain.take("criterion", str),
        kind=AssertionKind(kind),
        text=plain.take("text", str),
        reasoning=plain.take("reasoning", bool),
        probability=plain.take("probability", bool),
    )


def _demonstration(plain: PlainObject) -> Demonstration:
    label = plain.take("label", str)
    if label not in list(Label):
        plain.refuse("label", "'pass' or 'fail'")
    return Demonstration(
        example_id=plain.take("example_id", str),
        input=plain.take("input", str),
        output=plain.take("output", str),
        label=Label(label),
        rationale=plain.take("rationale", str, None),
    )


def _verbatim(plain: PlainObject) -> VerbatimPrompt:
    return VerbatimPrompt(
        messages=tuple(message_of(item) for item in plain.objects("messages")),
        field=plain.take("field", str),
        pattern=plain.take("pattern", str, None),
        pass_value=plain.take("pass_value", str),
        fail_value=plain.take("fail_value", str),
    )
