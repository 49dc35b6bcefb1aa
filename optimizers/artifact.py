"""The winning judge as a portable file: versioned plain JSON that works without Concord.

One or more calls and the rule that combines them, the candidate that they were rendered from, the
evidence and where it came from. Reading, rendering and judging need neither DSPy nor a pickle.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cached_property

from optimizers.calls import Call, decision_of, message_of
from optimizers.errors import ArtifactInvalid
from optimizers.plain import PlainObject, parse
from optimizers.template import AS_WRITTEN, PromptTemplate
from optimizers.types import (
    Candidate,
    Demonstration,
    Label,
    ModelRef,
    VerbatimPrompt,
    digest,
)

FORMAT = "concord.judge"
VERSION = 1
EVIDENCE_DIGITS = 6
VOLATILE = frozenset({"spend", "per_judgement", "readings"})
"""Keys of a report that differ between two runs that are the same."""


class Rule(StrEnum):
    """How the verdicts of several calls become one."""

    SINGLE = "single"
    """There is one call, and its verdict counts."""
    ANY_FAIL = "any_fail"
    """A row fails if any call fails it. Later calls are not asked then."""


@dataclass(frozen=True, kw_only=True)
class Artifact:
    """A judge with its evidence.

    `report` is the run's report as plain values, `provenance` says where it comes from: dataset,
    `snapshot` (the digest of rows and split), seed, strategy, configuration, versions.

    Raises:
        ArtifactInvalid: there is no call, or several without a rule for several.
    """

    calls: tuple[Call, ...]
    rule: Rule = Rule.SINGLE
    criterion: str = ""
    candidate: Candidate | None = None
    report: Mapping[str, object] = field(default_factory=dict)
    provenance: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.calls or (self.rule is Rule.SINGLE and len(self.calls) > 1):
            raise ArtifactInvalid(f"the rule {self.rule.value!r} does not fit {len(self.calls)} calls")

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
    def call(self) -> Call:
        """The first call: the only one of a judge that is one prompt."""
        return self.calls[0]

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
            "calls": [{"kind": "prompt", **call.to_plain()} for call in self.calls],
            "rule": {"kind": self.rule.value},
            "criterion": self.criterion,
            "candidate": None if self.candidate is None else asdict(self.candidate),
            "report": dict(self.report),
            "provenance": dict(self.provenance),
        }


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
    return Artifact(
        calls=(Call(template=template, model=model, decision=candidate.decision),),
        criterion=criterion,
        candidate=candidate,
        report=report,
        provenance=provenance,
    )


# --- the digest ---------------------------------------------------------------------------------------


def _digest(plain: Mapping[str, object]) -> str:
    provenance, report, calls = plain.get("provenance"), plain.get("report"), plain.get("calls")
    covered = {name: plain.get(name) for name in ("format", "version", "rule", "criterion", "candidate")}
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
        criterion=plain.take("criterion", str),
        candidate=_candidate(plain.object("candidate")) if plain.has("candidate") else None,
        report=plain.take("report", dict),
        provenance=plain.take("provenance", dict),
    )


def _call(plain: PlainObject) -> Call:
    if plain.take("kind", str) != "prompt":
        plain.refuse("kind", "'prompt'")
    return Call.from_plain(plain)


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
