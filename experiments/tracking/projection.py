"""Writes a recorded run into MLflow: whatever is missing there, and nothing twice.

A record is projected as often as one likes: at the start of a run, after trials, at its end, and
again after MLflow was down. Runs are found by their tags, so nothing about MLflow needs keeping.
A child run that was written whole carries the tag `concord.projected`; what was cut off half-way
is written again, to the same values.
"""

import io
import json
from collections.abc import Mapping
from pathlib import Path

from mlflow import MlflowClient
from mlflow.entities import Dataset, DatasetInput, InputTag, Metric, Param, Run, RunTag

from experiments.figures import CurvePoint, confusion_figure, learning_figure, png
from experiments.report_markdown import headline, report_markdown
from experiments.tracking import columns
from experiments.tracking.links import Links, links
from experiments.tracking.record import DatasetInfo, JudgedRow, RunRecord, TrialRecord
from experiments.tracking.registry import register_winner
from experiments.tracking.store import (
    artifact_folder,
    find_or_create_experiment,
    find_runs,
    is_remote,
    mlflow_errors,
    require_alive,
)
from experiments.tracking.traces import write_traces

VERDICTS_FILE = "verdicts.json"
COMPARED_RUNS = 10
_RUN_STATUS = {
    "queued": "SCHEDULED",
    "running": "RUNNING",
    "paused": "SCHEDULED",
    "cancelled": "KILLED",
    "failed": "FAILED",
    "succeeded": "FINISHED",
}
_ENDED = {"cancelled", "failed", "succeeded"}


class Projector:
    """Projects records into one MLflow store.

    `tracking_uri` is any that MLflow takes. `artifact_root` is the folder for artifacts where the
    store is local, by default beside its SQLite file; a server decides itself. `ui_url` is the
    address that people open, by default the server's own. One projector serves one thread at a time.
    """

    def __init__(
        self, tracking_uri: str, *, artifact_root: Path | None = None, ui_url: str | None = None
    ) -> None:
        self._uri = tracking_uri
        self._artifact_root = artifact_folder(tracking_uri, artifact_root)
        self._ui_url = ui_url or (tracking_uri if is_remote(tracking_uri) else None)

    def project(self, record: RunRecord) -> Links:
        """Bring MLflow up to `record`, and say where to look at it.

        Raises:
            TrackingUnavailable: MLflow is down; project the same record again later.
            TrackingRejected: MLflow refuses it.
        """
        require_alive(self._uri)
        with mlflow_errors():
            client = MlflowClient(tracking_uri=self._uri, registry_uri=self._uri)
            experiment_id = find_or_create_experiment(client, record.dataset, self._artifact_root)
            run = _find_or_create_parent(client, experiment_id, record)
            run_id: str = run.info.run_id
            if run.data.tags.get("concord.projected") != _state(record):
                _project_trials(client, experiment_id, run_id, record)
                _update_parent(client, experiment_id, run_id, record)
            others = find_runs(client, experiment_id, {"concord.kind": "run"}, COMPARED_RUNS)
        other_ids = [other.info.run_id for other in others if other.info.run_id != run_id]
        return links(self._ui_url, experiment_id, run_id, other_ids)


def _state(record: RunRecord) -> str:
    """What distinguishes two records of one run: its status, its trials, its result."""
    return f"{record.status}/{len(record.trials)}/{record.artifact_digest or ''}"


def _milliseconds(record: RunRecord) -> int:
    return int(record.started_at * 1_000)


# --- the parent -------------------------------------------------------------------------------------


def _find_or_create_parent(client: MlflowClient, experiment_id: str, record: RunRecord) -> Run:
    tags = {"concord.run_id": record.run_id, "concord.kind": "run"}
    if found := find_runs(client, experiment_id, tags, limit=1):
        return found[0]
    return client.create_run(
        experiment_id,
        start_time=_milliseconds(record),
        tags=tags
        | {"concord.dataset_id": record.dataset.dataset_id, "concord.snapshot": record.dataset.digest},
        run_name=_name(record),
    )


def _name(record: RunRecord) -> str:
    """Strategy, model and seed: what tells the runs of a dataset apart at a glance."""
    of = record.configuration.get
    return f"{of('strategy')}, {of('model.name')}, seed {of('seed')}"


def _update_parent(client: MlflowClient, experiment_id: str, run_id: str, record: RunRecord) -> None:
    client.log_inputs(run_id, [_dataset_input(record.dataset)])
    tags = {"concord.status": record.status, "mlflow.note.content": _note(record)}
    metrics: columns.Metrics = {}
    if record.report is not None:
        metrics = columns.report_metrics(record.report)
        tags |= {
            "concord.conclusion": record.report.conclusion.value,
            "concord.recommended": record.report.recommended.value,
            "concord.provenance": record.report.provenance.value,
            "concord.artifact_digest": record.artifact_digest or "",
        }
        _log_result(client, run_id, record)
        tags |= register_winner(client, record, experiment_id, run_id)
    if record.test_rows:
        tags |= _log_verdicts(client, run_id, record.test_rows)
        write_traces(client, experiment_id, run_id, record)
    _log(client, run_id, record, metrics, columns.run_params(record), tags)
    _set_status(client, run_id, record)
    client.set_tag(run_id, "concord.projected", _state(record))


def _note(record: RunRecord) -> str:
    """What MLflow shows as the run's description."""
    if record.report is not None:
        return headline(record.report)
    return record.error or f"{record.status}, {len(record.trials)} trials so far"


def _log_result(client: MlflowClient, run_id: str, record: RunRecord) -> None:
    report = record.report
    assert report is not None
    texts = dict(record.files) | {
        "report.md": report_markdown(report, prompt=record.files.get("prompt.txt")),
        "report.json": json.dumps(report.to_dict(), indent=2, ensure_ascii=False),
    }
    for name, text in texts.items():
        client.log_text(run_id, text, name)
    ceiling = report.human_agreement.ceiling
    points = [
        CurvePoint(number=t.number, calls=t.calls_so_far, kappa=t.dev.kappa)
        for t in record.trials
        if t.complete
    ]
    figure = learning_figure(points, ceiling=ceiling.kappa if ceiling else None)
    client.log_stream(run_id, io.BytesIO(png(figure)), "learning_curve.png")
    tables = [
        (f"{name}, {found.n} test rows", found.confusion)
        for name, found in (("baseline", report.test.baseline), ("best", report.test.best))
        if found is not None
    ]
    if tables:
        client.log_stream(run_id, io.BytesIO(png(confusion_figure(tables))), "confusion.png")


def _set_status(client: MlflowClient, run_id: str, record: RunRecord) -> None:
    status = _RUN_STATUS[record.status]
    if record.status in _ENDED:
        ended_at = record.ended_at if record.ended_at is not None else record.started_at
        client.set_terminated(run_id, status, end_time=int(ended_at * 1_000))
    else:
        client.update_run(run_id, status=status)


def _dataset_input(dataset: DatasetInfo) -> DatasetInput:
    url = dataset.source_url
    return DatasetInput(
        dataset=Dataset(
            name=dataset.name[:500],
            digest=dataset.digest[:36],
            source_type="http" if url else "code",
            source=json.dumps({"url": url} if url else {"tags": {"concord.dataset_id": dataset.dataset_id}}),
            profile=json.dumps(dict(dataset.counts)),
        ),
        tags=[InputTag(key="mlflow.data.context", value="optimization")],
    )


# --- trials -----------------------------------------------------------------------------------------


def _project_trials(client: MlflowClient, experiment_id: str, parent_id: str, record: RunRecord) -> None:
    children = find_runs(client, experiment_id, {"mlflow.parentRunId": parent_id})
    known = {child.data.tags.get("concord.trial"): child for child in children}
    points = columns.curve(record.trials)
    for trial in record.trials:
        child = known.get(str(trial.number))
        if child is not None and "concord.projected" in child.data.tags:
            continue
        if child is None:
            child = _create_child(client, experiment_id, parent_id, record, trial)
        _log_trial(client, child.info.run_id, record, trial)
        _log_points(client, parent_id, record, points.get(trial.number, []))
        client.set_tag(child.info.run_id, "concord.projected", "yes")


def _create_child(
    client: MlflowClient, experiment_id: str, parent_id: str, record: RunRecord, trial: TrialRecord
) -> Run:
    origin = f": {trial.origin}" if trial.origin else ""
    return client.create_run(
        experiment_id,
        start_time=_milliseconds(record),
        tags={
            "mlflow.parentRunId": parent_id,
            "concord.kind": "trial",
            "concord.trial": str(trial.number),
            "concord.parent_run": record.run_id,
        },
        run_name=f"trial {trial.number}{origin}"[:120],
    )


def _log_trial(client: MlflowClient, run_id: str, record: RunRecord, trial: TrialRecord) -> None:
    client.log_text(run_id, trial.prompt, "prompt.txt")
    tags = _log_verdicts(client, run_id, trial.rows)
    _log(client, run_id, record, columns.trial_metrics(trial), columns.trial_params(record, trial), tags)
    client.set_terminated(run_id, "FINISHED", end_time=_milliseconds(record))


def _log_points(client: MlflowClient, run_id: str, record: RunRecord, points: list[columns.Point]) -> None:
    # The time is a function of the record, so that a point logged twice is one point.
    time_ms = _milliseconds(record)
    client.log_batch(run_id, metrics=[Metric(name, value, time_ms, step) for name, value, step in points])


def _log_verdicts(client: MlflowClient, run_id: str, rows: tuple[JudgedRow, ...]) -> dict[str, str]:
    """Write MLflow's table form. `log_table` itself appends, so that a second try would double it.

    Returns the tag by which MLflow's page finds the table.
    """
    client.log_text(run_id, json.dumps(columns.verdict_table(rows), ensure_ascii=False), VERDICTS_FILE)
    return {"mlflow.loggedArtifacts": json.dumps([{"path": VERDICTS_FILE, "type": "table"}])}


def _log(
    client: MlflowClient,
    run_id: str,
    record: RunRecord,
    metrics: Mapping[str, float],
    params: Mapping[str, str],
    tags: Mapping[str, str],
) -> None:
    time_ms = _milliseconds(record)
    client.log_batch(
        run_id,
        metrics=[Metric(name, value, time_ms, 0) for name, value in metrics.items()],
        params=[Param(name, value) for name, value in params.items()],
        tags=[RunTag(name, value) for name, value in tags.items()],
    )
