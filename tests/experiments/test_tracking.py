"""The projection into MLflow, against MLflow's own server."""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from mlflow import MlflowClient

from experiments.spec import RunSpec
from experiments.tracking import (
    PromptRecord,
    RunRecord,
    TrackingRejected,
    TrackingUnavailable,
    dataset_info,
    flat_configuration,
    judged_rows,
    trial_record,
)
from experiments.tracking.projection import Projector
from optimizers.intervals import agreement, paired_gain, selection_corrected
from optimizers.kappa import HumanAgreement
from optimizers.report import Conclusion, DevReading, Provenance, Recommended, Report, Spend, TestReading
from optimizers.types import (
    Budget,
    Candidate,
    Evaluation,
    Example,
    Label,
    LabelledExample,
    ModelRef,
    Part,
    Snapshot,
    Split,
    Trial,
    Usage,
    Verdict,
)

SECRET = "sk-never-in-the-store"


def snapshot(dataset_id: str) -> Snapshot:
    labels = [Label.PASS, Label.FAIL] * 6
    rows = tuple(
        LabelledExample(
            example=Example(id=f"r{i:02}", input=f"question {i}", output=f"answer {i}"),
            label=label,
            critique="too short" if label is Label.FAIL else None,
        )
        for i, label in enumerate(labels)
    )
    parts = {row.id: Part.TEST if i >= 6 else Part.DEV for i, row in enumerate(rows)}
    return Snapshot(
        dataset_id=dataset_id, name="Support desk", criterion="helps", rows=rows, split=Split(parts=parts)
    )


def judged(candidate: Candidate, rows: Sequence[LabelledExample], wrong: int) -> Evaluation:
    other = {Label.PASS: Label.FAIL, Label.FAIL: Label.PASS}
    outcomes = {
        row.id: Verdict(label=other[row.label] if i < wrong else row.label, rationale="because")
        for i, row in enumerate(rows)
    }
    return Evaluation(candidate_id=candidate.id, outcomes=outcomes)


def trials(data: Snapshot, wrong: Sequence[int]) -> tuple[Trial, ...]:
    dev = data.part(Part.DEV)
    usage = Usage(calls=6, prompt_tokens=600, completion_tokens=60, cost_usd=0.01)
    return tuple(
        Trial(
            number=number,
            candidate=(candidate := Candidate(instruction=f"instruction {number}")),
            evaluation=judged(candidate, dev, errors),
            kappa=None,
            usage=usage,
            origin="baseline" if number == 0 else "proposal",
        )
        for number, errors in enumerate(wrong)
    )


def report(data: Snapshot) -> Report:
    rng = np.random.default_rng(0)
    rows = data.part(Part.TEST)
    truth, groups = [row.label for row in rows], [row.id for row in rows]
    weak, strong = [Label.PASS] * len(rows), truth
    found = agreement(truth, strong, groups, rng=rng)
    base = agreement(truth, weak, groups, rng=rng)
    gain = paired_gain(truth, weak, strong, groups, rng=rng)
    corrected = selection_corrected(truth, {"a": weak, "b": strong}, groups, rng=rng)
    return Report(
        conclusion=Conclusion.IMPROVED,
        recommended=Recommended.BEST,
        provenance=Provenance.SIMULATED,
        test=TestReading(baseline=base, best=found, gain=gain, readings=1),
        dev=DevReading(baseline=base, best=found, selection_corrected=corrected, candidates=2),
        human_agreement=HumanAgreement(pairs=(), ceiling=None),
        supervised_baseline=None,
        repeatability=None,
        spend=Spend(calls=24, cached_calls=0, prompt_tokens=1, completion_tokens=1, cost_usd=0.1, wall_s=2.0),
    )


def record(run_id: str, dataset_id: str, *, wrong: Sequence[int] = (3, 1, 2), done: bool = True) -> RunRecord:
    data = snapshot(dataset_id)
    spec = RunSpec(
        run_id=run_id, strategy="gepa", model=ModelRef(name="openai/x"), budget=Budget(max_calls=90)
    )
    found = trials(data, wrong)
    dev, test = data.part(Part.DEV), data.part(Part.TEST)
    running = RunRecord(
        run_id=run_id,
        status="running",
        dataset=dataset_info(data, f"http://127.0.0.1:8000/api/datasets/{dataset_id}/export"),
        configuration=flat_configuration(spec),
        started_at=1_700_000_000.0,
        trials=tuple(
            trial_record(t, dev, calls_so_far=6 * (t.number + 1), prompt=t.candidate.instruction)
            for t in found
        ),
    )
    if not done:
        return running
    return replace(
        running,
        status="succeeded",
        ended_at=1_700_000_060.0,
        report=report(data),
        prompt=PromptRecord(
            template=(
                {"role": "system", "content": "Judge."},
                {"role": "user", "content": "{{input}} {{output}}"},
            ),
            response_format={"type": "object", "properties": {"verdict": {"type": "string"}}},
            model_config={"model_name": "openai/x", "temperature": 0.0},
        ),
        artifact_digest="abc",
        files={"prompt.txt": "Judge.", "artifact.json": "{}", "dspy.json": "{}"},
        test_rows=judged_rows("best", Part.TEST, test, judged(found[1].candidate, test, 1)),
    )


@pytest.fixture
def client(mlflow_server: Any) -> MlflowClient:
    return MlflowClient(tracking_uri=mlflow_server.url, registry_uri=mlflow_server.url)


@pytest.fixture
def projector(mlflow_server: Any) -> Projector:
    return Projector(mlflow_server.url)


def children(client: MlflowClient, experiment_id: str, parent_id: str) -> list[Any]:
    found = client.search_runs([experiment_id], f"tags.`mlflow.parentRunId` = '{parent_id}'")
    return sorted(found, key=lambda run: int(run.data.tags["concord.trial"]))


def everything(client: MlflowClient, experiment_id: str) -> object:
    """All that the store holds of an experiment, as plain values."""
    return [
        (
            run.info.run_id,
            run.info.status,
            run.data.params,
            run.data.tags,
            {key: history(client, run.info.run_id, key) for key in run.data.metrics},
            sorted(item.path for item in client.list_artifacts(run.info.run_id)),
            [(i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs],
        )
        for run in client.search_runs([experiment_id])
    ]


def history(client: MlflowClient, run_id: str, key: str) -> list[tuple[int, float]]:
    return [(point.step, round(point.value, 3)) for point in client.get_metric_history(run_id, key)]


def test_a_run_becomes_a_parent_with_one_child_for_each_trial(
    client: MlflowClient, projector: Projector
) -> None:
    links = projector.project(record("run-a", "ds-a"))
    parent = client.get_run(links.mlflow_run_id)
    found = children(client, links.experiment_id, links.mlflow_run_id)
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["concord.run_id"] == "run-a"
    assert [child.data.params["instruction"] for child in found] == [f"instruction {i}" for i in range(3)]
    # 6 dev rows, 3 of each class, one judged wrong: kappa = (5/6 - 1/2) / (1 - 1/2) = 2/3
    assert found[1].data.metrics["dev_kappa"] == pytest.approx(2 / 3)
    assert found[1].data.metrics["dev_kappa_low"] <= 2 / 3 <= found[1].data.metrics["dev_kappa_high"]
    assert found[1].data.metrics["calls"] == 6


def test_projecting_twice_adds_nothing(client: MlflowClient, projector: Projector) -> None:
    links = projector.project(record("run-b", "ds-b"))
    before = everything(client, links.experiment_id)
    assert projector.project(record("run-b", "ds-b")) == links
    assert everything(client, links.experiment_id) == before
    name = "support-desk-ds-b"
    assert client.load_prompt(f"prompts:/{name}@latest", cache_ttl_seconds=0).version == 1


def test_a_projection_that_was_cut_off_is_finished_without_doubles(
    client: MlflowClient, projector: Projector
) -> None:
    links = projector.project(record("run-c", "ds-c"))
    before = everything(client, links.experiment_id)
    for run in client.search_runs([links.experiment_id]):
        client.delete_tag(run.info.run_id, "concord.projected")  # as if killed just before the last write
    projector.project(record("run-c", "ds-c"))
    assert everything(client, links.experiment_id) == before


def test_trials_that_come_later_are_added_and_the_curve_grows(
    client: MlflowClient, projector: Projector
) -> None:
    links = projector.project(record("run-d", "ds-d", wrong=(3, 1), done=False))
    assert client.get_run(links.mlflow_run_id).info.status == "RUNNING"
    projector.project(record("run-d", "ds-d", wrong=(3, 1, 2)))
    best = history(client, links.mlflow_run_id, "best_dev_kappa_by_calls")
    assert best == [(6, 0.0), (12, 0.667), (18, 0.667)]
    assert len(children(client, links.experiment_id, links.mlflow_run_id)) == 3


def test_runs_of_one_dataset_share_an_experiment(projector: Projector) -> None:
    first = projector.project(record("run-e1", "ds-e"))
    second = projector.project(record("run-e2", "ds-e"))
    assert first.experiment_id == second.experiment_id
    assert first.mlflow_run_id != second.mlflow_run_id
    assert second.compare is not None
    assert first.mlflow_run_id in second.compare


def test_a_deleted_experiment_comes_back(client: MlflowClient, projector: Projector) -> None:
    links = projector.project(record("run-f", "ds-f"))
    client.delete_experiment(links.experiment_id)
    assert projector.project(record("run-f", "ds-f")).experiment_id == links.experiment_id


def test_links_are_those_that_mlflow_shows_runs_under(projector: Projector, mlflow_server: Any) -> None:
    links = projector.project(record("run-g", "ds-g"))
    experiment, run = links.experiment_id, links.mlflow_run_id
    assert (
        links.run
        == f"{mlflow_server.url}/#/experiments/{experiment}/runs/{run}?workflowType=machine_learning"
    )
    assert unquote(str(links.compare)) == (
        f'{mlflow_server.url}/#/compare-runs?runs=["{run}"]&experiments=["{experiment}"]'
    )
    assert unquote(str(links.experiment)) == (
        f"{mlflow_server.url}/#/experiments/{experiment}/runs?workflowType=machine_learning"
        "&compareRunsMode=CHART&searchFilter=tags.`concord.kind` = 'run'"
    )


def test_verdict_tables_load_with_the_same_columns(
    client: MlflowClient, projector: Projector, mlflow_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server.url)  # load_table asks the default store
    links = projector.project(record("run-h", "ds-h"))
    runs = [
        links.mlflow_run_id,
        *(r.info.run_id for r in children(client, links.experiment_id, links.mlflow_run_id)),
    ]
    tables = [client.load_table(links.experiment_id, "verdicts.json", run_ids=[run]) for run in runs]
    assert {tuple(table.columns) for table in tables} == {tuple(tables[0].columns)}
    assert list(tables[0]["part"]) == ["test"] * 6
    assert list(tables[2]["agrees"]) == [False] + [True] * 5


def test_the_snapshot_is_an_input_of_the_run(client: MlflowClient, projector: Projector) -> None:
    links = projector.project(record("run-i", "ds-i"))
    (found,) = client.get_run(links.mlflow_run_id).inputs.dataset_inputs
    assert found.dataset.source_type == "http"
    assert json.loads(found.dataset.source) == {"url": "http://127.0.0.1:8000/api/datasets/ds-i/export"}
    assert snapshot("ds-i").digest.startswith(found.dataset.digest)


def test_the_winner_is_a_chat_prompt_linked_to_its_run(client: MlflowClient, projector: Projector) -> None:
    links = projector.project(record("run-j", "ds-j"))
    prompt = client.load_prompt("prompts:/support-desk-ds-j@run-run-j", cache_ttl_seconds=0)
    assert prompt.template[1] == {"role": "user", "content": "{{input}} {{output}}"}
    assert prompt.model_config["model_name"] == "openai/x"
    assert prompt.response_format["properties"] == {"verdict": {"type": "string"}}
    assert [p.name for p in client.list_logged_prompts(links.mlflow_run_id)] == ["support-desk-ds-j"]


def test_test_judgements_are_traces_with_a_person_s_and_the_judge_s_verdict(
    client: MlflowClient, projector: Projector
) -> None:
    links = projector.project(record("run-q", "ds-q"))
    for run in client.search_runs([links.experiment_id]):
        client.delete_tag(run.info.run_id, "concord.projected")
    projector.project(record("run-q", "ds-q"))  # twice, and there is still one of each
    traces = client.search_traces(locations=[links.experiment_id])
    assert len(traces) == 6
    trace = next(t for t in traces if t.info.tags["concord.example_id"] == "r06")
    assert trace.data.spans[0].inputs == {"input": "question 6", "output": "answer 6"}
    sources = {a.source.source_type: a.feedback.value for a in trace.info.assessments}
    assert sources == {"HUMAN": "pass", "LLM_JUDGE": "fail"}


def test_latest_is_the_newest_run_s_winner(client: MlflowClient, projector: Projector) -> None:
    projector.project(record("run-k1", "ds-k"))
    projector.project(record("run-k2", "ds-k"))
    latest = client.load_prompt("prompts:/support-desk-ds-k@latest", cache_ttl_seconds=0)
    assert latest.tags["concord.run_id"] == "run-k2"


def test_a_record_catches_up_after_the_server_was_down(
    client: MlflowClient, projector: Projector, mlflow_server: Any
) -> None:
    projector.project(record("run-l", "ds-l", wrong=(3,), done=False))
    mlflow_server.stop()
    try:
        with pytest.raises(TrackingUnavailable, match="does not answer"):
            projector.project(record("run-l", "ds-l", wrong=(3, 1)))
    finally:
        mlflow_server.start()
    links = projector.project(record("run-l", "ds-l", wrong=(3, 1)))
    assert len(children(client, links.experiment_id, links.mlflow_run_id)) == 2
    assert client.get_run(links.mlflow_run_id).info.status == "FINISHED"


def test_the_store_holds_no_pickle_and_no_secret(
    projector: Projector, mlflow_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    projector.project(record("run-m", "ds-m"))
    files = [path for path in Path(mlflow_server.home).rglob("*") if path.is_file()]
    assert {path.suffix for path in files if "artifacts" in path.parts} == {".json", ".md", ".png", ".txt"}
    assert not [path for path in files if SECRET.encode() in path.read_bytes()]


def test_nothing_is_written_outside_the_store(
    projector: Projector, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    projector.project(record("run-p", "ds-p"))
    assert list(tmp_path.iterdir()) == []


def test_a_record_can_be_kept_as_text() -> None:
    kept = record("run-r", "ds-r")
    assert RunRecord.from_json(kept.to_json()) == kept


def test_an_id_that_could_bend_a_search_is_refused(projector: Projector) -> None:
    with pytest.raises(TrackingRejected, match="letters"):
        projector.project(record("x' or '1'='1", "ds-n"))


def test_a_local_store_keeps_artifacts_beside_itself_or_where_it_is_told(tmp_path: Path) -> None:
    uri = f"sqlite:///{tmp_path}/local.db"
    links = Projector(uri).project(record("run-o1", "ds-o1"))
    assert links.run is None
    assert list((tmp_path / "local.artifacts").rglob("report.md"))
    Projector(uri, artifact_root=tmp_path / "elsewhere").project(record("run-o2", "ds-o2"))
    assert list((tmp_path / "elsewhere").rglob("report.md"))


@pytest.mark.parametrize(
    ("status", "shown"),
    [("queued", "SCHEDULED"), ("paused", "SCHEDULED"), ("cancelled", "KILLED"), ("failed", "FAILED")],
)
def test_every_status_has_one_of_mlflow_s(
    client: MlflowClient, projector: Projector, status: str, shown: str
) -> None:
    unfinished = replace(record(f"run-{status}", "ds-s", done=False), status=status, error="why it ended")
    run = client.get_run(projector.project(unfinished).mlflow_run_id)
    assert run.info.status == shown
    assert run.data.tags["mlflow.note.content"] == "why it ended"


def test_kappa_of_a_trial_that_a_race_ended_does_not_stand_beside_the_others(
    client: MlflowClient, projector: Projector
) -> None:
    whole = record("run-t", "ds-t", done=False)
    partial = replace(whole.trials[2], complete=False)
    links = projector.project(replace(whole, trials=(*whole.trials[:2], partial)))
    last = children(client, links.experiment_id, links.mlflow_run_id)[2]
    assert "dev_kappa" not in last.data.metrics
    assert "dev_partial_kappa" in last.data.metrics
    assert len(history(client, links.mlflow_run_id, "dev_kappa")) == 2


class _Failing(BaseHTTPRequestHandler):
    status, code = 500, "INTERNAL_ERROR"

    def _answer(self) -> None:
        ok = self.path == "/health"
        self.send_response(200 if ok else self.status)
        self.end_headers()
        self.wfile.write(json.dumps({"error_code": self.code, "message": "no"}).encode())

    do_GET = do_POST = _answer  # noqa: N815  # the base class's names

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (500, "INTERNAL_ERROR", TrackingUnavailable),
        (503, "TEMPORARILY_UNAVAILABLE", TrackingUnavailable),
        (403, "PERMISSION_DENIED", TrackingRejected),
    ],
)
def test_a_server_that_fails_is_tried_again_and_one_that_refuses_is_not(
    status: int, code: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_Failing, "status", status)
    monkeypatch.setattr(_Failing, "code", code)
    with ThreadingHTTPServer(("127.0.0.1", 0), _Failing) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with pytest.raises(error):
                Projector(f"http://127.0.0.1:{server.server_port}").project(record("run-u", "ds-u"))
        finally:
            server.shutdown()
            thread.join()
