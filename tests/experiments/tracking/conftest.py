from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient

from experiments.spec import RunSpec
from experiments.tracking import (
    Links,
    PromptRecord,
    RunRecord,
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


def make_record(
    run_id: str, dataset_id: str, *, wrong: Sequence[int] = (3, 1, 2), done: bool = True
) -> RunRecord:
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


@dataclass(frozen=True)
class Store:
    """What MLflow holds, as the tests look at it."""

    client: MlflowClient

    def children(self, links: Links) -> list[Any]:
        search = f"tags.`mlflow.parentRunId` = '{links.mlflow_run_id}'"
        found = self.client.search_runs([links.experiment_id], search)
        return sorted(found, key=lambda run: int(run.data.tags["concord.trial"]))

    def history(self, run_id: str, key: str) -> list[tuple[int, float]]:
        points = self.client.get_metric_history(run_id, key)
        return [(point.step, round(point.value, 3)) for point in points]

    def prompt(self, address: str) -> Any:
        return self.client.load_prompt(address, cache_ttl_seconds=0)

    def everything(self, links: Links) -> object:
        return [
            (
                run.info.run_id,
                run.info.status,
                run.data.params,
                run.data.tags,
                {key: self.history(run.info.run_id, key) for key in run.data.metrics},
                sorted(item.path for item in self.client.list_artifacts(run.info.run_id)),
                [(i.dataset.name, i.dataset.digest) for i in run.inputs.dataset_inputs],
            )
            for run in self.client.search_runs([links.experiment_id])
        ]

    def forget_what_is_done(self, links: Links) -> None:
        """As if the projection had been killed just before the last write of each run."""
        for run in self.client.search_runs([links.experiment_id]):
            self.client.delete_tag(run.info.run_id, "concord.projected")


@pytest.fixture
def store(mlflow_server: Any) -> Store:
    return Store(MlflowClient(tracking_uri=mlflow_server.url, registry_uri=mlflow_server.url))


@pytest.fixture
def projector(mlflow_server: Any) -> Projector:
    return Projector(mlflow_server.url)


@pytest.fixture
def record() -> Callable[..., RunRecord]:
    """Makes the record of a run over 6 dev and 6 test rows: `record(run_id, dataset_id)`."""
    return make_record
