"""The core's values as the database keeps them: plain JSON, compressed where it is long."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from pydantic import TypeAdapter

from experiments.spec import RunSpec
from optimizers.intervals import Agreement
from optimizers.types import Candidate, Evaluation, Outcome, Trial, Usage
from service.runs.tables import TrialRow

COMPRESSION = 6

_SPEC = TypeAdapter(RunSpec)
_CANDIDATE = TypeAdapter(Candidate)
_USAGE = TypeAdapter(Usage)
_OUTCOMES = TypeAdapter(dict[str, Outcome])
_EVALUATIONS = TypeAdapter(dict[str, Evaluation])


def spec_json(spec: RunSpec) -> dict[str, Any]:
    """A specification as plain values."""
    plain: dict[str, Any] = _SPEC.dump_python(spec, mode="json")
    return plain


def spec_of(plain: Mapping[str, Any]) -> RunSpec:
    """The specification again."""
    return _SPEC.validate_python(dict(plain))


def usage_of(plain: Mapping[str, Any]) -> Usage:
    """A usage again; nothing yet, where nothing was stored."""
    return _USAGE.validate_python(dict(plain))


def trial_row(run_id: str, trial: Trial, dev: Agreement, prompt: str) -> TrialRow:
    """A trial with its agreement on dev and the text of its prompt."""
    return TrialRow(
        run_id=run_id,
        number=trial.number,
        candidate_id=trial.candidate.id,
        parent_id=trial.parent_id,
        origin=trial.origin,
        complete=trial.complete,
        kappa=trial.kappa,
        candidate=_CANDIDATE.dump_python(trial.candidate, mode="json"),
        prompt=prompt,
        dev=asdict(dev),
        usage=asdict(trial.usage),
        outcomes=pack_outcomes(trial.evaluation),
    )


def pack_outcomes(evaluation: Evaluation) -> bytes:
    """What a candidate said on each row, as a trial keeps it."""
    return _pack(_OUTCOMES.dump_json(dict(evaluation.outcomes)))


def candidate_of(row: TrialRow) -> Candidate:
    """The trial's candidate again."""
    return _CANDIDATE.validate_python(row.candidate)


def trial_of(row: TrialRow) -> Trial:
    """The trial again."""
    return Trial(
        number=row.number,
        candidate=candidate_of(row),
        evaluation=Evaluation(candidate_id=row.candidate_id, outcomes=outcomes_of(row)),
        kappa=row.kappa,
        complete=row.complete,
        parent_id=row.parent_id,
        origin=row.origin,
        usage=usage_of(row.usage),
    )


def outcomes_of(row: TrialRow) -> dict[str, Outcome]:
    """What the candidate said on each row, in the order of the rows."""
    return _OUTCOMES.validate_json(zlib.decompress(row.outcomes))


def labels_of(outcomes: bytes) -> dict[str, str]:
    """The verdicts alone, by example id, of a trial's stored outcomes; rows without one are left out.

    Nothing is checked: for reading many trials at once.
    """
    plain: dict[str, dict[str, Any]] = json.loads(zlib.decompress(outcomes))
    return {example_id: outcome["label"] for example_id, outcome in plain.items() if "label" in outcome}


def pack_evaluations(evaluations: Mapping[str, Evaluation | None]) -> bytes:
    """Evaluations by name; those that are `None` are left out."""
    there = {name: found for name, found in evaluations.items() if found is not None}
    return _pack(_EVALUATIONS.dump_json(there))


def unpack_evaluations(packed: bytes) -> dict[str, Evaluation]:
    """The evaluations again."""
    return _EVALUATIONS.validate_json(zlib.decompress(packed))


def _pack(text: bytes) -> bytes:
    return zlib.compress(text, COMPRESSION)
