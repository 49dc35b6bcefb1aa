"""What a run becomes in MLflow, against MLflow's own server."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import pytest

from experiments.tracking import RunRecord
from experiments.tracking.projection import Projector

Store = Any  # the conftest's
Make = Callable[..., RunRecord]
SECRET = "sk-never-in-the-store"


def test_a_run_becomes_a_parent_with_one_child_for_each_trial(
    record: Make, store: Store, projector: Projector
) -> None:
    links = projector.project(record("run-a", "ds-a"))
    parent = store.client.get_run(links.mlflow_run_id)
    found = store.children(links)
    assert parent.info.status == "FINISHED"
    assert parent.data.tags["concord.run_id"] == "run-a"
    assert [child.data.params["instruction"] for child in found] == [f"instruction {i}" for i in range(3)]
    # 6 dev rows, 3 of each class, one judged wrong: kappa = (5/6 - 1/2) / (1 - 1/2) = 2/3
    assert found[1].data.metrics["dev_kappa"] == pytest.approx(2 / 3)
    assert found[1].data.metrics["dev_kappa_low"] <= 2 / 3 <= found[1].data.metrics["dev_kappa_high"]
    assert found[1].data.metrics["calls"] == 6


def test_trials_that_come_later_are_added_and_the_curve_grows(
    record: Make, store: Store, projector: Projector
) -> None:
    links = projector.project(record("run-d", "ds-d", wrong=(3, 1), done=False))
    assert store.client.get_run(links.mlflow_run_id).info.status == "RUNNING"
    projector.project(record("run-d", "ds-d", wrong=(3, 1, 2)))
    best = store.history(links.mlflow_run_id, "best_dev_kappa_by_calls")
    assert best == [(6, 0.0), (12, 0.667), (18, 0.667)]
    assert len(store.children(links)) == 3


def test_runs_of_one_dataset_share_an_experiment(record: Make, projector: Projector) -> None:
    first = projector.project(record("run-e1", "ds-e"))
    second = projector.project(record("run-e2", "ds-e"))
    assert first.experiment_id == second.experiment_id
    assert first.mlflow_run_id != second.mlflow_run_id
    assert first.compare is None, "there is nothing to compare it with"
    assert second.compare is not None
    assert first.mlflow_run_id in second.compare


def test_a_deleted_experiment_comes_back(record: Make, store: Store, projector: Projector) -> None:
    links = projector.project(record("run-f", "ds-f"))
    store.client.delete_experiment(links.experiment_id)
    assert projector.project(record("run-f", "ds-f")).experiment_id == links.experiment_id


def test_links_are_those_that_mlflow_shows_runs_under(
    record: Make, projector: Projector, mlflow_server: Any
) -> None:
    first = projector.project(record("run-g0", "ds-g")).mlflow_run_id
    links = projector.project(record("run-g", "ds-g"))
    experiment, run = links.experiment_id, links.mlflow_run_id
    assert (
        links.run
        == f"{mlflow_server.url}/#/experiments/{experiment}/runs/{run}?workflowType=machine_learning"
    )
    assert unquote(str(links.compare)) == (
        f'{mlflow_server.url}/#/compare-runs?runs=["{run}", "{first}"]&experiments=["{experiment}"]'
    )
    assert unquote(str(links.experiment)) == (
        f"{mlflow_server.url}/#/experiments/{experiment}/runs?workflowType=machine_learning"
        "&compareRunsMode=CHART&searchFilter=tags.`concord.kind` = 'run'"
    )


def test_verdict_tables_load_with_the_same_columns(
    record: Make, store: Store, projector: Projector, mlflow_server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", mlflow_server.url)  # load_table asks the default store
    links = projector.project(record("run-h", "ds-h"))
    runs = [
        links.mlflow_run_id,
        *(r.info.run_id for r in store.children(links)),
    ]
    tables = [store.client.load_table(links.experiment_id, "verdicts.json", run_ids=[run]) for run in runs]
    assert {tuple(table.columns) for table in tables} == {tuple(tables[0].columns)}
    assert list(tables[0]["part"]) == ["test"] * 6
    assert list(tables[2]["agrees"]) == [False] + [True] * 5


def test_the_snapshot_is_an_input_of_the_run(record: Make, store: Store, projector: Projector) -> None:
    links = projector.project(record("run-i", "ds-i"))
    (found,) = store.client.get_run(links.mlflow_run_id).inputs.dataset_inputs
    assert found.dataset.source_type == "http"
    assert json.loads(found.dataset.source) == {"url": "http://127.0.0.1:8000/api/datasets/ds-i/export"}
    assert record("run-i", "ds-i").dataset.digest.startswith(found.dataset.digest)


def test_the_winner_is_a_chat_prompt_linked_to_its_run(
    record: Make, store: Store, projector: Projector
) -> None:
    links = projector.project(record("run-j", "ds-j"))
    prompt = store.prompt("prompts:/support-desk-ds-j@run-run-j")
    assert prompt.template[1] == {"role": "user", "content": "{{input}} {{output}}"}
    assert prompt.model_config["model_name"] == "openai/x"
    assert prompt.response_format["properties"] == {"verdict": {"type": "string"}}
    assert [p.name for p in store.client.list_logged_prompts(links.mlflow_run_id)] == ["support-desk-ds-j"]


def test_test_judgements_are_traces_with_a_person_s_and_the_judge_s_verdict(
    record: Make, store: Store, projector: Projector
) -> None:
    links = projector.project(record("run-q", "ds-q"))
    store.forget_what_is_done(links)
    projector.project(record("run-q", "ds-q"))  # twice, and there is still one of each
    traces = store.client.search_traces(locations=[links.experiment_id])
    assert len(traces) == 6
    trace = next(t for t in traces if t.info.tags["concord.example_id"] == "r06")
    assert trace.data.spans[0].inputs == {"input": "question 6", "output": "answer 6"}
    sources = {a.source.source_type: a.feedback.value for a in trace.info.assessments}
    assert sources == {"HUMAN": "pass", "LLM_JUDGE": "fail"}


def test_latest_is_the_newest_run_s_winner(record: Make, store: Store, projector: Projector) -> None:
    projector.project(record("run-k1", "ds-k"))
    projector.project(record("run-k2", "ds-k"))
    latest = store.prompt("prompts:/support-desk-ds-k@latest")
    assert latest.tags["concord.run_id"] == "run-k2"


@pytest.mark.parametrize(
    ("status", "shown"),
    [("queued", "SCHEDULED"), ("paused", "SCHEDULED"), ("cancelled", "KILLED"), ("failed", "FAILED")],
)
def test_every_status_has_one_of_mlflow_s(
    record: Make, store: Store, projector: Projector, status: str, shown: str
) -> None:
    unfinished = replace(record(f"run-{status}", "ds-s", done=False), status=status, error="why it ended")
    run = store.client.get_run(projector.project(unfinished).mlflow_run_id)
    assert run.info.status == shown
    assert run.data.tags["mlflow.note.content"] == "why it ended"


def test_kappa_of_a_trial_that_a_race_ended_does_not_stand_beside_the_others(
    record: Make, store: Store, projector: Projector
) -> None:
    whole = record("run-t", "ds-t", done=False)
    partial = replace(whole.trials[2], complete=False)
    links = projector.project(replace(whole, trials=(*whole.trials[:2], partial)))
    last = store.children(links)[2]
    assert "dev_kappa" not in last.data.metrics
    assert "dev_partial_kappa" in last.data.metrics
    assert len(store.history(links.mlflow_run_id, "trial_dev_kappa")) == 2
