"""A recorded run as plain values: what a projection into MLflow is made from.

The service's store and a run without a server both fill these; nothing here needs MLflow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from experiments.spec import RunSpec
from optimizers.intervals import Agreement, agreement
from optimizers.report import Report
from optimizers.types import (
    Candidate,
    Evaluation,
    Failure,
    Label,
    LabelledExample,
    Part,
    Snapshot,
    Trial,
    Usage,
    Verdict,
)

TABLE_ROWS = 2_000
CLIP_CHARS = 1_000
"""Inputs and outputs in verdict tables are cut here; the dataset itself is one link away."""


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgedRow:
    """One line of a verdict table."""

    example_id: str
    part: str
    judge: str
    label: str
    verdict: str | None
    agrees: bool
    fail_probability: float | None
    failure: str | None
    rationale: str | None
    critique: str | None
    input: str
    output: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DatasetInfo:
    """The snapshot that a run is tied to. `source_url` is where it can be fetched, if anywhere."""

    dataset_id: str
    name: str
    digest: str
    counts: Mapping[str, int]
    source_url: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TrialRecord:
    """One measured candidate. `calls_so_far` are the run's logical calls up to its end."""

    number: int
    candidate: Candidate
    parent_id: str | None
    origin: str
    complete: bool
    dev: Agreement
    usage: Usage
    calls_so_far: int
    prompt: str
    rows: tuple[JudgedRow, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class PromptRecord:
    """The winner as the prompt registry takes it: a chat template with `{{input}}` and `{{output}}`."""

    template: tuple[Mapping[str, str], ...]
    response_format: Mapping[str, object] | None
    model_config: Mapping[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunRecord:
    """Everything about a run that MLflow shows, finished or not.

    `status` is one of `queued, running, paused, cancelled, failed, succeeded`; times are POSIX
    seconds. `files` are further texts by name (`prompt.txt`, `artifact.json`, `dspy.json`).
    """

    run_id: str
    status: str
    dataset: DatasetInfo
    configuration: Mapping[str, object]
    started_at: float
    ended_at: float | None = None
    trials: tuple[TrialRecord, ...] = ()
    report: Report | None = None
    prompt: PromptRecord | None = None
    artifact_digest: str | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    test_rows: tuple[JudgedRow, ...] = ()
    error: str | None = None


# --- from the values of the domain ------------------------------------------------------------------


def dataset_info(snapshot: Snapshot, source_url: str | None = None) -> DatasetInfo:
    """What MLflow is told about `snapshot`: its name, digest and counts, never its rows."""
    counts = {part.value: len(snapshot.part(part)) for part in Part}
    counts |= {label.value: sum(row.label is label for row in snapshot.rows) for label in Label}
    return DatasetInfo(
        dataset_id=snapshot.dataset_id,
        name=snapshot.name,
        digest=snapshot.digest,
        counts=counts | {"rows": len(snapshot.rows)},
        source_url=source_url,
    )


def trial_record(
    trial: Trial, dev: Sequence[LabelledExample], *, calls_so_far: int, prompt: str
) -> TrialRecord:
    """`trial` on those of the `dev` rows that it saw, with its interval; `prompt` is its text."""
    seen = [row for row in dev if row.id in trial.evaluation.outcomes]
    return TrialRecord(
        number=trial.number,
        candidate=trial.candidate,
        parent_id=trial.parent_id,
        origin=trial.origin,
        complete=trial.complete,
        dev=agreement(
            [row.label for row in seen],
            trial.evaluation.judged([row.id for row in seen]),
            [row.example.group_key for row in seen],
            rng=np.random.default_rng(trial.number),
        ),
        usage=trial.usage,
        calls_so_far=calls_so_far,
        prompt=prompt,
        rows=judged_rows(f"trial {trial.number}", Part.DEV, seen, trial.evaluation),
    )


def judged_rows(
    judge: str, part: Part, rows: Sequence[LabelledExample], evaluation: Evaluation
) -> tuple[JudgedRow, ...]:
    """The verdict table of one judge over `rows`: the first 2,000, which is what a person can look at."""
    return tuple(_judged_row(judge, part, row, evaluation) for row in rows[:TABLE_ROWS])


def _judged_row(judge: str, part: Part, row: LabelledExample, evaluation: Evaluation) -> JudgedRow:
    outcome = evaluation.outcomes[row.id]
    verdict = outcome if isinstance(outcome, Verdict) else None
    return JudgedRow(
        example_id=row.id,
        part=part.value,
        judge=judge,
        label=row.label.value,
        verdict=verdict.label.value if verdict else None,
        agrees=verdict is not None and verdict.label is row.label,
        fail_probability=verdict.fail_probability if verdict else None,
        failure=f"{outcome.kind.value}: {outcome.message}" if isinstance(outcome, Failure) else None,
        rationale=verdict.rationale if verdict else None,
        critique=row.critique,
        input=row.example.input[:CLIP_CHARS],
        output=row.example.output[:CLIP_CHARS],
    )


def flat_configuration(spec: RunSpec) -> dict[str, object]:
    """The run's configuration with dotted names (`budget.max_calls`), without what is not set."""
    return dict(_flat("", spec.configuration()))


def _flat(prefix: str, value: object) -> list[tuple[str, object]]:
    if isinstance(value, Mapping):
        return [pair for key, item in value.items() for pair in _flat(f"{prefix}.{key}".lstrip("."), item)]
    return [] if value is None else [(prefix, value)]
