"""Two runs side by side, on stored results. No worker is needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from optimizers.intervals import agreement
from optimizers.types import Candidate, Evaluation, Label, Part, Snapshot, Trial, Verdict
from service.app import create_app
from service.datasets.snapshots import load_snapshot
from service.db import transaction
from service.jobs.states import Status
from service.jobs.tables import JobRow
from service.runs.stored import pack_evaluations, trial_row
from service.runs.tables import ResultRow, RunRow
from service.settings import Settings
from tests.service.conftest import serve

OTHER = {Label.PASS: Label.FAIL, Label.FAIL: Label.PASS}


@pytest.fixture
def app(tmp_path: Path, ready_database_url: str) -> FastAPI:
    return create_app(Settings(home=tmp_path, database_url=ready_database_url))


@pytest.fixture
def api(app: FastAPI) -> Iterator[httpx.Client]:
    with serve(app) as url, httpx.Client(base_url=f"{url}/api", timeout=60) as client:
        yield client


def _dataset(api: httpx.Client, test: float = 0.5) -> str:
    rows = [
        {
            "id": f"r{n:02}",
            "input": f"question {n}",
            "output": f"answer {n}",
            "label": ["pass", "fail"][n % 2],
        }
        for n in range(60)
    ]
    split = {"train": 0.7 - test, "dev": 0.3, "test": test}
    body = {"name": "d", "criterion": "It answers.", "examples": rows, "split": split}
    return str(api.post("/datasets", json=body).json()["id"])


def _start(api: httpx.Client, dataset_id: str, seed: int = 0) -> str:
    response = api.post("/runs", json={"dataset_id": dataset_id, "seed": seed})
    assert response.status_code == 202, response.text
    return str(response.json()["id"])


def _finish(app: FastAPI, run_id: str, wrong: int) -> Snapshot:
    """As a worker leaves it, with a winner that errs on the first `wrong` test rows; its snapshot."""
    with transaction(app.state.engine) as session:
        run = session.get_one(RunRow, run_id)
        snapshot = load_snapshot(session, run.snapshot_digest)
        said = {
            row.id: Verdict(label=OTHER[row.label] if place < wrong else row.label)
            for place, row in enumerate(snapshot.part(Part.TEST))
        }
        winner = Evaluation(candidate_id="w", outcomes=said) if said else None
        for number, instruction in enumerate(("Judge.", f"Judge well, says {run_id}.")):
            candidate = Candidate(instruction=instruction)
            trial = Trial(
                number=number,
                candidate=candidate,
                evaluation=Evaluation(candidate_id="x", outcomes={}),
                kappa=0.5,
            )
            dev = agreement([Label.PASS], [Label.PASS], ["g"], rng=np.random.default_rng(0))
            session.add(trial_row(run_id, trial, dev, instruction))
        report = {"test": {"best": None}}
        packed = pack_evaluations({"baseline": winner, "best": winner})
        session.add(ResultRow(run_id=run_id, artifact="{}", report=report, test=packed))
        run.best_trial = 1
        session.get_one(JobRow, run_id).status = Status.SUCCEEDED
    return snapshot


def _compare(api: httpx.Client, a: str, b: str) -> dict[str, Any]:
    response = api.get("/runs/compare", params={"a": a, "b": b})
    assert response.status_code == 200, response.text
    found: dict[str, Any] = response.json()
    return found


def test_winners_are_compared_row_by_row(app: FastAPI, api: httpx.Client) -> None:
    dataset_id = _dataset(api)
    a, b = (_start(api, dataset_id, seed) for seed in (0, 1))
    test = _finish(app, a, wrong=12).part(Part.TEST)
    _finish(app, b, wrong=2)
    found = _compare(api, a, b)
    assert found["why_not"] is None
    assert found["rows"] == {"shared": len(test), "only_a": 0, "only_b": 0, "relabelled": 0}
    kappas = [found[side]["shared"]["kappa"]["value"] for side in "ab"]
    assert found["difference"]["value"] == pytest.approx(kappas[1] - kappas[0])
    assert 0 < found["difference"]["low"] < found["difference"]["value"] < found["difference"]["high"]
    # b is right on 10 rows on which a is wrong: 2 / 2^10.
    assert found["mcnemar"] == {"only_a": 0, "only_b": 10, "p_value": 2 / 2**10}
    assert found["a"]["run"]["id"] == a
    assert (found["a"]["baseline_prompt"], found["b"]["prompt"]) == ("Judge.", f"Judge well, says {b}.")


def test_the_other_way_round_the_sign_is_turned(app: FastAPI, api: httpx.Client) -> None:
    dataset_id = _dataset(api)
    a, b = (_start(api, dataset_id, seed) for seed in (0, 1))
    _finish(app, a, wrong=12)
    _finish(app, b, wrong=2)
    forth, back = _compare(api, a, b)["difference"], _compare(api, b, a)["difference"]
    assert back["value"] == pytest.approx(-forth["value"])
    assert (back["low"], back["high"]) == pytest.approx((-forth["high"], -forth["low"]))


def test_rows_and_labels_that_came_later_are_told(app: FastAPI, api: httpx.Client) -> None:
    dataset_id = _dataset(api)
    a = _start(api, dataset_id)
    before = _finish(app, a, wrong=0).part(Part.TEST)
    more = [{"id": f"new{n}", "input": f"more {n}", "output": "o", "label": "pass"} for n in range(20)]
    assert api.post(f"/datasets/{dataset_id}/examples", json={"examples": more}).status_code == 201
    changed = before[0]
    path = f"/datasets/{dataset_id}/examples/{changed.id}/labels/ann"
    assert api.put(path, json={"label": OTHER[changed.label].value}).status_code == 200
    b = _start(api, dataset_id)
    after = _finish(app, b, wrong=0).part(Part.TEST)
    for one, other in ((a, b), (b, a)):
        found = _compare(api, one, other)
        assert found["rows"]["shared"] == len(before)
        assert found["rows"]["relabelled"] == 1
        assert found["rows"]["only_a"] + found["rows"]["only_b"] == len(after) - len(before) > 0
    # By the newer labels, the older winner errs on the row whose label was changed.
    assert _compare(api, a, b)["mcnemar"]["only_b"] == 1


def test_what_cannot_be_compared_says_why(app: FastAPI, api: httpx.Client) -> None:
    dataset_id, untested = _dataset(api), _dataset(api, test=0.0)
    done, queued, elsewhere, bare = (
        _start(api, dataset_id),
        _start(api, dataset_id, 1),
        _start(api, untested),
        _start(api, untested, 1),
    )
    for run_id in (done, elsewhere, bare):
        _finish(app, run_id, wrong=1)
    reasons = {
        queued: f"{queued} is queued: only a run that has succeeded has been tested",
        elsewhere: "the two runs are of different datasets",
    }
    for other, reason in reasons.items():
        found = _compare(api, done, other)
        assert found["why_not"] == reason
        assert (found["rows"], found["difference"], found["mcnemar"]) == (None, None, None)
    assert _compare(api, elsewhere, bare)["why_not"] == f"no test rows were set aside for {elsewhere}"
    assert _compare(api, done, queued)["b"]["prompt"] is None


def test_an_unknown_run_is_not_found(api: httpx.Client) -> None:
    assert api.get("/runs/compare", params={"a": "x", "b": "y"}).status_code == 404
    assert api.get("/runs/compare", params={"a": "x"}).status_code == 422
