"""Two runs side by side."""

from dataclasses import asdict

from sqlmodel import Session

from experiments.comparison import Comparison, Tested, compare
from service.datasets.snapshots import load_snapshot
from service.figures import GainOut
from service.jobs.tables import JobRow
from service.runs import views
from service.runs.schemas import ComparedOut, ComparisonOut, McNemarOut, SharedRows
from service.runs.stored import unpack_evaluations
from service.runs.tables import ResultRow, RunRow, TrialRow


def side_by_side(session: Session, a: str, b: str) -> ComparisonOut:
    """Both runs with their prompts and, where they can be compared, how their winners differ.

    Raises:
        NotFound: there is no such run.
    """
    runs = [views.require(session, run_id) for run_id in (a, b)]
    results = [session.get(ResultRow, run.id) for run in runs]
    found = _compared(session, runs, results)
    comparison = found if isinstance(found, Comparison) else None
    sides = [
        _side(session, run, result, asdict(agreement) if agreement else None)
        for run, result, agreement in zip(
            runs, results, (comparison.a, comparison.b) if comparison else (None, None), strict=True
        )
    ]
    return ComparisonOut(
        a=sides[0],
        b=sides[1],
        rows=SharedRows.model_validate(comparison) if comparison else None,
        difference=GainOut.model_validate(comparison.difference) if comparison else None,
        mcnemar=McNemarOut.model_validate(comparison.mcnemar) if comparison else None,
        why_not=None if isinstance(found, Comparison) else found,
    )


def _compared(session: Session, runs: list[RunRow], results: list[ResultRow | None]) -> Comparison | str:
    """The comparison, or why there is none."""
    a, b = runs
    if a.dataset_id != b.dataset_id:
        return "the two runs are of different datasets"
    tested = []
    for run, result in zip(runs, results, strict=True):
        if result is None:
            status = session.get_one(JobRow, run.id).status
            return f"{run.id} is {status}: only a run that has succeeded has been tested"
        winner = unpack_evaluations(result.test).get("best")
        if winner is None:
            return f"no test rows were set aside for {run.id}"
        snapshot = load_snapshot(session, run.snapshot_digest, dataset_id=run.dataset_id)
        tested.append(Tested(snapshot=snapshot, winner=winner))
    created = [session.get_one(JobRow, run.id).created_at for run in runs]
    found = compare(tested[0], tested[1], newer=tested[0] if created[0] > created[1] else tested[1])
    return found or "the two runs share no test row"


def _side(
    session: Session, run: RunRow, result: ResultRow | None, shared: dict[str, object] | None
) -> ComparedOut:
    return ComparedOut(
        run=views.one(session, run.id),
        prompt=_prompt(session, run.id, run.best_trial),
        baseline_prompt=_prompt(session, run.id, 0),
        test=result.report["test"] if result else None,
        shared=shared,
    )


def _prompt(session: Session, run_id: str, number: int | None) -> str | None:
    """The rendered messages of a trial: all of a run's in one form, fit to be laid side by side."""
    trial = None if number is None else session.get(TrialRow, (run_id, number))
    return trial.prompt if trial else None
