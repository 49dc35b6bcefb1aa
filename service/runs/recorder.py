"""The observer of a run in a worker: what the search does is stored as it happens."""

from collections.abc import Mapping
from functools import partial

from sqlalchemy import func, select, update
from sqlmodel import Session, col

from experiments.recording import prompt_text
from experiments.spec import RunSpec, judge_decoding
from experiments.tracking.record import trial_record
from optimizers.types import Part, Snapshot, Trial, Usage
from service.jobs import store
from service.jobs.attempts import Attempt
from service.jobs.pace import calls_left
from service.runs import outbox
from service.runs.stored import trial_row
from service.runs.tables import RunRow, TrialRow
from service.runs.trials import Standing, standings_of


class Recorder:
    """Stores trials by their number: a run that is done again after a kill finds its own and goes on."""

    def __init__(self, attempt: Attempt, spec: RunSpec, snapshot: Snapshot) -> None:
        self._attempt = attempt
        self._budget = spec.budget
        self._criterion = snapshot.criterion
        self._decoding = spec.decoding or judge_decoding(spec.model)
        self._dev = snapshot.part(Part.DEV)

    def trial(self, trial: Trial) -> None:
        """Store a measured candidate."""
        prompt = prompt_text(trial.candidate, self._criterion, self._decoding)
        record = trial_record(trial, self._dev, calls_so_far=0, prompt=prompt)
        row = trial_row(self._attempt.job_id, trial, record.dev, prompt)
        self._attempt.write(partial(_store, row=row))

    def progress(self, phase: str, done: int, total: int, usage: Usage) -> None:
        """Note how far the run is."""
        # The final test is the last thing; before it, a search may use all of its budget.
        left = total - done if phase == "test" else calls_left(self._budget, usage)
        self._attempt.progress(phase, done, total, usage, calls_left=left)


def _store(session: Session, *, row: TrialRow) -> None:
    known = session.get(TrialRow, (row.run_id, row.number))
    session.merge(row)
    session.flush()
    _keep_best(session, row.run_id)
    if known is None:
        store.add_event(session, row.run_id, "trial", _glance(row, standings_of(session, row.run_id)))
        outbox.note(session, row.run_id)


def _glance(row: TrialRow, standings: Mapping[int, Standing]) -> dict[str, object]:
    """What a chart needs to draw the trial without asking further."""
    kappa, standing = row.dev["kappa"], standings[row.number]
    return {
        "number": row.number,
        "kappa": row.kappa,
        "low": kappa["low"],
        "high": kappa["high"],
        "complete": row.complete,
        "origin": row.origin,
        "candidate_id": row.candidate_id,
        "parent": standing.parent,
        "rows": row.dev["n"],
        "leads": standing.leads,
        "best_kappa": standing.best_kappa,
        "calls_so_far": standing.so_far.calls,
        "cost_usd_so_far": standing.so_far.cost_usd,
    }


def _keep_best(session: Session, run_id: str) -> None:
    mine = col(TrialRow.run_id) == run_id
    best = session.execute(
        select(col(TrialRow.number), col(TrialRow.kappa))
        .where(mine, col(TrialRow.complete), col(TrialRow.kappa).is_not(None))
        .order_by(col(TrialRow.kappa).desc(), col(TrialRow.number))
        .limit(1)
    ).one_or_none()
    count = session.scalar(select(func.count()).select_from(TrialRow).where(mine))
    number, kappa = best or (None, None)
    session.execute(
        update(RunRow)
        .where(col(RunRow.id) == run_id)
        .values(trials=count, best_trial=number, best_kappa=kappa)
        .execution_options(**store.UNTRACKED)
    )
