"""The work behind `concord optimize` and `concord judge`: this process alone, resumable by its ledger."""

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from experiments.observers import Observers
from experiments.recording import RunRecorder
from experiments.report_markdown import headline, report_markdown
from experiments.runner import RunResult, run_optimization
from experiments.spec import RunSpec
from experiments.tracking import TrackingError
from optimizers.artifact import Artifact
from optimizers.artifact_judge import judge_with
from optimizers.export import export
from optimizers.lm.control import RunControl
from optimizers.types import Budget, Evaluation, Example, ModelRef, Snapshot, Trial, Usage
from service.cli.show import Bars, bars
from service.composition import open_gateway


@dataclass(frozen=True, kw_only=True)
class Job:
    """Where a run's results go. `mlflow_uri` is any that MLflow takes."""

    out: Path
    report: Path | None
    ledger: Path
    mlflow_uri: str | None


class _Shown:
    """Shows a run's progress on the terminal."""

    def __init__(self, shown: Bars) -> None:
        self._bars = shown

    def trial(self, trial: Trial) -> None:
        kappa = "undefined" if trial.kappa is None else f"{trial.kappa:.3f}"
        note = "" if trial.complete else " (dropped early)"
        self._bars.tell(f"trial {trial.number}: kappa on dev {kappa}{note}  {trial.origin}")

    def progress(self, phase: str, done: int, total: int, usage: Usage) -> None:
        cost = "" if not usage.cost_usd else f", ${usage.cost_usd:.4f}"
        self._bars.progress(phase, done, total, f"{usage.calls} calls{cost}")


def optimize_file(spec: RunSpec, snapshot: Snapshot, job: Job) -> None:
    """Run `spec`, write the judge and its report, and say in a sentence what came out.

    Raises: as `run_optimization` does; Ctrl-C is a `RunCancelled`.
    """
    control = RunControl()
    recorder = RunRecorder(spec, snapshot, started_at=time.time())
    with open_gateway(job.ledger) as (gateway, loop), bars() as shown, _interrupts(control):
        observer = Observers(recorder, _Shown(shown))
        result = run_optimization(spec, snapshot, gateway, loop, observer, control)
    _save(result, job)
    if job.mlflow_uri:
        _track(recorder, result, job.mlflow_uri)


def _save(result: RunResult, job: Job) -> None:
    _write(job.out, result.artifact.to_json())
    if job.report is not None:
        prompt = export(result.artifact, "text").text
        _write(job.report, report_markdown(result.report, prompt=prompt))
        print(f"report: {job.report}", file=sys.stderr)
    print(f"judge: {job.out}", file=sys.stderr)
    print(headline(result.report))


def _write(path: Path, text: str) -> None:
    """The whole file or the one that was there before."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _track(recorder: RunRecorder, result: RunResult, mlflow_uri: str) -> None:
    """Record the run in MLflow. That fails without harm: the judge is on the disk."""
    # Loading MLflow takes longer than many a run; only those who ask for it wait.
    from experiments.tracking.projection import Projector  # noqa: PLC0415

    try:
        links = Projector(mlflow_uri).project(
            recorder.record("succeeded", ended_at=time.time(), result=result)
        )
    except TrackingError as error:
        print(f"not recorded in MLflow: {error}", file=sys.stderr)
    else:
        print(f"MLflow: {links.run or mlflow_uri}", file=sys.stderr)


def judge_file(
    artifact: Artifact,
    examples: Sequence[Example],
    model: ModelRef,
    *,
    ledger: Path | None,
    max_in_flight: int,
) -> Evaluation:
    """Judge rows; `ledger` keeps what was answered, so that a second try pays only for the rest.

    Raises: as `judge_with` does; Ctrl-C is a `RunCancelled`.
    """
    control = RunControl()
    with open_gateway(ledger) as (gateway, loop), bars() as shown, _interrupts(control):
        session = gateway.session("judge", Budget(), control=control)

        def progress(done: int, total: int, usage: Usage) -> None:
            shown.progress("judging", done, total, f"{usage.calls} calls")

        return loop.run(
            judge_with(
                artifact,
                examples,
                session,
                model=model,
                max_in_flight=max_in_flight,
                on_progress=progress,
            )
        )


@contextmanager
def _interrupts(control: RunControl) -> Iterator[None]:
    """Ctrl-C and SIGTERM cancel in order; a second Ctrl-C ends at once."""

    def cancel(number: int, _frame: FrameType | None) -> None:
        control.cancel()
        signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)

    before = {number: signal.signal(number, cancel) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
