"""What is told about trials: where the run stood at the end of each. No worker is needed."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from fastapi import FastAPI

from optimizers.intervals import agreement
from optimizers.types import Candidate, DecisionRule, Evaluation, Label, Trial, Usage, VerbatimPrompt, Verdict
from service.app import create_app
from service.datasets.tables import DatasetRow
from service.db import transaction
from service.jobs.tables import JobRow
from service.runs.stored import trial_row
from service.runs.tables import RunRow
from service.settings import Settings
from tests.service.conftest import serve

OWN = Candidate(verbatim=VerbatimPrompt(messages=()))
FIRST = Candidate(instruction="Be strict.")
SECOND = Candidate(instruction="Be kind.", reasoning=False, decision=DecisionRule(threshold=0.7))
TRIED: list[tuple[Candidate, Candidate | None, float | None, bool, int, float | None]] = [
    # candidate, parent, kappa, complete, calls, cost
    (OWN, None, 0.2, True, 10, 0.5),
    (FIRST, OWN, 0.9, False, 4, 0.25),  # dropped: it leads nothing, whatever its few rows say
    (SECOND, FIRST, 0.2, True, 10, 0.5),  # no better than the baseline
    (FIRST, OWN, 0.4, True, 6, 0.25),
    (SECOND.with_(reasoning=True), FIRST, None, True, 10, None),
]
"""FIRST is measured to the end in its second trial, as a candidate that a race had dropped may be."""


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    return create_app(Settings(home=tmp_path))


@pytest.fixture
def api(app: FastAPI) -> Iterator[httpx.Client]:
    with serve(app) as url, httpx.Client(base_url=f"{url}/api", timeout=60) as client:
        _store(app)
        yield client


def _store(app: FastAPI) -> None:
    with transaction(app.state.engine) as session:
        session.add(
            DatasetRow(id="d", name="d", criterion="c", split_train=0.4, split_dev=0.3, split_test=0.3)
        )
        session.flush()
        session.add(JobRow(id="run_1", kind="run", dataset_id="d", status="running"))
        session.flush()
        session.add(
            RunRow(id="run_1", dataset_id="d", snapshot_digest="s", strategy="joint", model="m", spec={})
        )
        session.flush()
        for number, (candidate, parent, kappa, complete, calls, cost) in enumerate(TRIED):
            truth = [Label.FAIL, Label.PASS] * (3 if complete else 1)
            said = {str(n): Verdict(label=label) for n, label in enumerate(truth)}
            trial = Trial(
                number=number,
                candidate=candidate,
                evaluation=Evaluation(candidate_id=candidate.id, outcomes=said),
                kappa=kappa,
                complete=complete,
                parent_id=parent.id if parent else None,
                origin="combination" if number else "baseline",
                usage=Usage(calls=calls, cost_usd=cost),
            )
            dev = agreement(truth, truth, list(said), rng=np.random.default_rng(0))
            session.add(trial_row("run_1", trial, dev, f"prompt {number}"))


def _trials(api: httpx.Client, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/runs/run_1/trials", params=query).json()["items"]
    return found


def test_a_trial_says_what_its_candidate_is(api: httpx.Client) -> None:
    baseline, _, second, *_ = _trials(api)
    assert (baseline["is_baseline"], baseline["verbatim"], baseline["parent"]) == (True, True, None)
    assert (second["is_baseline"], second["verbatim"], second["parent"]) == (False, False, 1)
    assert (second["candidate_id"], second["parent_id"]) == (SECOND.id, FIRST.id)
    assert (second["instruction"], second["reasoning"], second["threshold"]) == ("Be kind.", False, 0.7)
    assert (second["origin"], second["demonstrations"], second["prompt"]) == ("combination", 0, "prompt 2")


def test_calls_and_cost_add_up_until_one_is_unknown(api: httpx.Client) -> None:
    trials = _trials(api)
    assert [trial["calls_so_far"] for trial in trials] == [10, 14, 24, 30, 40]
    assert [trial["cost_usd_so_far"] for trial in trials] == [0.5, 0.75, 1.25, 1.5, None]
    assert [trial["cost_usd"] for trial in trials] == [0.5, 0.25, 0.5, 0.25, None]


def test_the_best_is_complete_and_better_than_all_before_it(api: httpx.Client) -> None:
    trials = _trials(api)
    assert [trial["leads"] for trial in trials] == [True, False, False, True, False]
    assert [trial["is_best"] for trial in trials] == [False, False, False, True, False]
    assert [trial["best_kappa"] for trial in trials] == [0.2, 0.2, 0.2, 0.4, 0.4]
    assert [trial["rows"] for trial in trials] == [6, 2, 6, 6, 6]


def test_a_page_knows_what_came_before_it(api: httpx.Client) -> None:
    first = api.get("/runs/run_1/trials", params={"limit": "2"}).json()
    rest = _trials(api, cursor=first["next"])
    assert [*first["items"], *rest] == _trials(api)
