"""The work behind `concord optimize`: this process alone, resumable by its ledger."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

from experiments.observers import Observers
from experiments.recording import RunRecorder
from experiments.report_markdown import headline, report_markdown
from experiments.runner import RunResult, run_optimization
from experiments.spec import RunSpec
from experiments.tracking import TrackingError
from optimizers.export import export
from optimizers.lm.control import RunControl
from optimizers.types import Snapshot, Trial, Usage
from service.cli.interrupts import interrupts
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
    with open_gateway(job.ledger) as (gateway, loop), bars() as shown, interrupts(control):
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
