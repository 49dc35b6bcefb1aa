"""A real run, recorded as it goes and projected into a real MLflow."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dspy
import pytest
from mlflow import MlflowClient

from experiments.observers import Observers
from experiments.recording import RunRecorder
from experiments.runner import RunResult, run_optimization
from experiments.spec import RunSpec
from experiments.tracking.projection import Projector
from optimizers.artifact import artifact_of, from_json
from optimizers.lm.gateway import Gateway
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.loop import BackgroundLoop
from optimizers.rendering import render
from optimizers.testing import JudgeWorld, ScriptedModel
from optimizers.types import Budget, Message, ModelRef, VerbatimPrompt

WORLD = JudgeWorld(train=24, dev=24, test=30)
SPEC = RunSpec(
    run_id="recorded", strategy="bootstrap_fewshot", model=ModelRef(name="scripted/judge"),
    budget=Budget(max_calls=300), simulated=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[RunRecorder, RunResult]]:
    recorder = RunRecorder(SPEC, WORLD.snapshot(), started_at=1_700_000_000.0)
    ledger = SqliteLedger(tmp_path_factory.mktemp("ledger") / "ledger.db")
    model = ScriptedModel(WORLD.answer)
    with BackgroundLoop() as loop:
        gateway = Gateway(ledger, lambda _: model)
        yield recorder, run_optimization(SPEC, WORLD.snapshot(), gateway, loop, Observers(recorder))
    ledger.close()


def test_the_record_counts_the_calls_of_the_search_as_they_add_up(ran: Any) -> None:
    recorder, result = ran
    record = recorder.record("running")
    calls = [trial.calls_so_far for trial in record.trials]
    assert calls == sorted(calls)
    assert calls[0] == 24
    assert calls[-1] <= result.report.spend.calls - 60  # the final test comes after
    assert len(record.trials) == len(result.trials)


def test_trials_that_are_told_again_replace_themselves(ran: Any) -> None:
    recorder, result = ran
    before = recorder.record("running")
    for trial in result.trials:
        recorder.trial(trial)
    assert recorder.record("running") == before


def test_a_real_run_stands_in_mlflow_with_everything_that_it_found(ran: Any, mlflow_server: Any) -> None:
    recorder, result = ran
    links = Projector(mlflow_server.url).project(
        recorder.record("succeeded", ended_at=1_700_000_050.0, result=result)
    )
    client = MlflowClient(tracking_uri=mlflow_server.url, registry_uri=mlflow_server.url)
    run = client.get_run(links.mlflow_run_id)
    assert run.data.metrics["test_kappa"] == pytest.approx(result.report.test.best.kappa.value)
    assert run.data.tags["concord.provenance"] == "simulated"
    assert run.data.tags["mlflow.note.content"].startswith("Simulated")
    files = {item.path for item in client.list_artifacts(links.mlflow_run_id)}
    assert files == {
        "artifact.json", "confusion.png", "dspy.json", "learning_curve.png", "messages.json", "prompt.txt",
        "report.json", "report.md", "verdicts.json",
    }  # fmt: skip


def test_the_tracked_files_load_back_as_the_judge(ran: Any, mlflow_server: Any, tmp_path: Path) -> None:
    recorder, result = ran
    links = Projector(mlflow_server.url).project(recorder.record("succeeded", result=result))
    client = MlflowClient(tracking_uri=mlflow_server.url)
    artifact = Path(client.download_artifacts(links.mlflow_run_id, "artifact.json", str(tmp_path)))
    assert from_json(artifact.read_text()).digest == result.artifact.digest
    state = json.loads(
        Path(client.download_artifacts(links.mlflow_run_id, "dspy.json", str(tmp_path))).read_text()
    )
    judge = dspy.Predict("task_input, task_output -> rationale, verdict")
    judge.load_state(state["judge"])
    assert len(judge.demos) == len(result.best.candidate.demonstrations)


def test_a_verbatim_winner_is_recorded_without_a_dspy_form(ran: Any) -> None:
    recorder, result = ran
    prompt = VerbatimPrompt(messages=(Message(role="user", content="Judge {{output}} as `verdict`."),))
    candidate = replace(result.best.candidate, verbatim=prompt)
    artifact = artifact_of(
        candidate, "c", render(candidate, "c"), SPEC.model, report=result.artifact.report, provenance={}
    )
    record = recorder.record("succeeded", result=replace(result, artifact=artifact))
    assert "dspy.json" not in record.files
    assert record.prompt is not None
    assert "prompt.txt" in record.files
