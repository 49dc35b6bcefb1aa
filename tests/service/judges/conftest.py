"""A service with a simulated model, where a run is finished by judging its test rows and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from experiments.spec import judge_decoding
from experiments.standin import CRITERION, KnownBetterPrompt, StandIn, WorldRow, make_rows
from experiments.standin.rows import KINDS
from optimizers.artifact import Artifact, artifact_of
from optimizers.intervals import Agreement, paired_gain
from optimizers.kappa import HumanAgreement
from optimizers.rendering import render
from optimizers.report import DevReading, Provenance, Report, Spend, TestReading, conclude, recommend
from optimizers.types import Candidate, Evaluation, LabelledExample, ModelRef, Part, Snapshot, Usage
from service.app import create_app
from service.datasets.snapshots import load_snapshot
from service.db import transaction
from service.jobs.states import Status
from service.jobs.tables import JobRow
from service.judges.measured import agree
from service.runs.stored import pack_evaluations
from service.runs.tables import ResultRow, RunRow
from service.settings import Settings
from tests.service.conftest import serve

WORLD = make_rows(seed=3, rows=400)
ROWS, TRAFFIC = WORLD[:160], WORLD[160:]
"""What is labelled before a judge is in use, and what it then judges."""

TRUTH = {(row.input, row.output): row.label for row in WORLD}

GOOD = Candidate(instruction="\n".join(kind.rule for kind in KINDS))
FAIR = Candidate(instruction="\n".join(kind.rule for kind in KINDS[:4]))
POOR = Candidate(instruction="Judge the reply.")


@dataclass
class House:
    """`api` speaks to the service's `/api`; `standin` is the only model that it may ask."""

    app: FastAPI
    api: httpx.Client
    standin: StandIn

    # --- requests -----------------------------------------------------------------------------------

    def post(self, path: str, body: Mapping[str, Any] | None = None, *, expect: int = 200) -> dict[str, Any]:
        response = self.api.post(path, json=body)
        assert response.status_code == expect, response.text
        found: dict[str, Any] = response.json()
        return found

    def get(self, path: str, *, expect: int = 200, **params: Any) -> dict[str, Any]:
        response = self.api.get(path, params=params)
        assert response.status_code == expect, response.text
        found: dict[str, Any] = response.json()
        return found

    def dataset(self, rows: Sequence[WorldRow] = ROWS, *, test: float = 0.4) -> str:
        body = {
            "name": "world",
            "criterion": CRITERION,
            "examples": [shown(row) | {"label": row.label.value} for row in rows],
            "split": {"train": 0.7 - test, "dev": 0.3, "test": test},
        }
        return str(self.post("/datasets", body, expect=201)["id"])

    def keep(self, name: str, *, expect: int = 201, note: str | None = None, **source: Any) -> dict[str, Any]:
        body = {"name": name, "from": source} | ({"note": note} if note else {})
        return self.post("/judges", body, expect=expect)

    def in_use(self, name: str, candidate: Candidate = GOOD, *, test: float = 0.4) -> str:
        """A judge whose first version is the champion; its dataset."""
        dataset_id = self.dataset(test=test)
        self.keep(name, run_id=self.run(dataset_id, candidate))
        word = {"because": "to see it work", "by": "ann"}
        self.post(f"/judges/{name}/champion", {"version": 1} | word)
        return dataset_id

    def judge(self, name: str, rows: Sequence[WorldRow], **options: Any) -> dict[str, Any]:
        return self.post(f"/judges/{name}/verdicts", {"examples": [shown(row) for row in rows]} | options)

    def label(self, dataset_id: str, example_ids: Sequence[str], *, wrong: bool = False) -> None:
        """Ann labels rows of the world as they are, or the other way round."""
        for example_id in example_ids:
            path = f"/datasets/{dataset_id}/examples/{example_id}"
            found = self.get(path)
            label = TRUTH[found["input"], found["output"]].value
            said = {"pass": "fail", "fail": "pass"}[label] if wrong else label
            response = self.api.put(f"{path}/labels/ann", json={"label": said, "picked_by": "random"})
            assert response.status_code == 200, response.text

    # --- judges -------------------------------------------------------------------------------------

    def artifact(self, candidate: Candidate, **parts: Any) -> Artifact:
        """A judge file on the stand-in's model."""
        model = ModelRef(name="openai/simulated", api_base=self.standin.api_base)
        template = render(candidate, CRITERION, judge_decoding(model))
        return artifact_of(
            candidate, CRITERION, template, model, **({"report": {}, "provenance": {}} | parts)
        )

    def run(self, dataset_id: str, candidate: Candidate = GOOD, baseline: Candidate = POOR) -> str:
        """A run as a worker leaves it whose winner is `candidate`; its test is really judged."""
        run_id = str(self.post("/runs", {"dataset_id": dataset_id}, expect=202)["id"])
        with transaction(self.app.state.engine) as session:
            snapshot = load_snapshot(session, session.get_one(RunRow, run_id).snapshot_digest)
        judged = [self._tested(one, snapshot) for one in (baseline, candidate)]
        report = _report(snapshot.part(Part.TEST), judged)
        named = {"run_id": run_id, "dataset_id": dataset_id, "snapshot": snapshot.digest}
        artifact = self.artifact(candidate, report=report.to_dict(), provenance=named)
        with transaction(self.app.state.engine) as session:
            run = session.get_one(RunRow, run_id)
            run.conclusion, run.recommended = report.conclusion, report.recommended
            run.artifact_digest, run.best_trial = artifact.digest, 1
            packed = pack_evaluations({"baseline": judged[0], "best": judged[1]})
            session.add(
                ResultRow(run_id=run_id, artifact=artifact.to_json(), report=report.to_dict(), test=packed)
            )
            session.get_one(JobRow, run_id).status = Status.SUCCEEDED
        return run_id

    def _tested(self, candidate: Candidate, snapshot: Snapshot) -> Evaluation | None:
        rows = [row.example for row in snapshot.part(Part.TEST)]
        if not rows:
            return None
        found: Evaluation = self.app.state.judging.judge(self.artifact(candidate), rows)
        return found


def shown(row: WorldRow) -> dict[str, str]:
    """A row as it is sent, without its label."""
    return {"id": row.id, "input": row.input, "output": row.output}


def _report(rows: Sequence[LabelledExample], judged: Sequence[Evaluation | None]) -> Report:
    baseline, best = (_agreement(rows, found) for found in judged)
    gain = None
    if judged[0] is not None and judged[1] is not None:
        ids, rng = [row.id for row in rows], np.random.default_rng(0)
        truth, groups = [row.label for row in rows], [row.example.group_key for row in rows]
        gain = paired_gain(truth, judged[0].judged(ids), judged[1].judged(ids), groups, rng=rng)
    conclusion = conclude(gain)
    nothing = agree([], [], [])
    return Report(
        conclusion=conclusion,
        recommended=recommend(conclusion),
        provenance=Provenance.SIMULATED,
        test=TestReading(baseline=baseline, best=best, gain=gain),
        dev=DevReading(baseline=nothing, best=nothing, selection_corrected=nothing.kappa, candidates=2),
        human_agreement=HumanAgreement(pairs=(), ceiling=None),
        supervised_baseline=None,
        repeatability=None,
        spend=Spend.of(Usage(), paid=Usage(), wall_s=0.0),
    )


def _agreement(rows: Sequence[LabelledExample], found: Evaluation | None) -> Agreement | None:
    if found is None:
        return None
    said = found.judged([row.id for row in rows])
    return agree([row.label for row in rows], said, [row.example.group_key for row in rows])


@contextmanager
def housed(home: Path, database_url: str | None = None) -> Iterator[House]:
    """A service in a folder of its own."""
    with ExitStack() as opened:
        standin = opened.enter_context(StandIn(KnownBetterPrompt(WORLD)))
        app = create_app(Settings(home=home, database_url=database_url, api_bases=(standin.api_base,)))
        url = opened.enter_context(serve(app))
        yield House(
            app=app,
            api=opened.enter_context(httpx.Client(base_url=f"{url}/api", timeout=60)),
            standin=standin,
        )


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """One service for all tests of a module: each has judges of its own name."""
    with housed(tmp_path_factory.mktemp("house")) as found:
        yield found
