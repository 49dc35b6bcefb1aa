"""Verdicts put into the database as evaluations and runs would leave them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine

from optimizers.types import Evaluation, Failure, FailureKind, Label, Outcome, Verdict
from service.db import transaction
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.jobs.tables import JobRow
from service.runs.stored import pack_outcomes
from service.runs.tables import RunRow, TrialRow

START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = {"p": Label.PASS, "f": Label.FAIL}


def evaluate(engine: Engine, dataset_id: str, number: int, verdicts: Mapping[str, str], **judge: Any) -> str:
    """An evaluation whose judge said `p`, `f` or, with any other word, nothing that can be read."""
    evaluation_id = f"ev_{number}"
    at = START + timedelta(minutes=number)
    with transaction(engine) as session:
        session.add(
            JobRow(
                id=evaluation_id, kind="evaluation", dataset_id=dataset_id, status="succeeded", created_at=at
            )
        )
        session.flush()
        asked = {"instruction": f"judge {number}"} | judge
        session.add(
            EvaluationRow(
                id=evaluation_id, dataset_id=dataset_id, model="offline", judge=asked, last_row=10**6
            )
        )
        session.flush()
        for place, (example_id, word) in enumerate(verdicts.items()):
            verdict = WORDS.get(word)
            session.add(
                VerdictRow(
                    evaluation_id=evaluation_id,
                    number=place,
                    example_id=example_id,
                    verdict=verdict,
                    rationale=f"{word} of judge {number}",
                    failure=None if verdict else "unparseable",
                )
            )
    return evaluation_id


def run(engine: Engine, dataset_id: str, candidates: Sequence[Mapping[str, str]]) -> None:
    """A run with one trial for each candidate."""
    with transaction(engine) as session:
        session.add(JobRow(id="run_1", kind="run", dataset_id=dataset_id, status="succeeded"))
        session.flush()
        session.add(
            RunRow(
                id="run_1", dataset_id=dataset_id, snapshot_digest="s", strategy="gepa", model="m", spec={}
            )
        )
        session.flush()
        for number, verdicts in enumerate(candidates):
            outcomes = {example_id: _outcome(word) for example_id, word in verdicts.items()}
            session.add(
                TrialRow(
                    run_id="run_1",
                    number=number,
                    candidate_id=f"c{number}",
                    origin="test",
                    complete=True,
                    candidate={},
                    prompt="",
                    dev={},
                    usage={},
                    outcomes=pack_outcomes(Evaluation(candidate_id=f"c{number}", outcomes=outcomes)),
                )
            )


def _outcome(word: str) -> Outcome:
    if word in WORDS:
        return Verdict(label=WORDS[word])
    return Failure(kind=FailureKind.UNPARSEABLE, message="?")
