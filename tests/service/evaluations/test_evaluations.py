"""Evaluations through the API, with a worker and a simulated model."""

import time
from typing import Any

import pytest

from experiments.standin import Fault, FaultKind
from optimizers.kappa import cohen_kappa, confusion
from optimizers.types import Label
from tests.service.runs.conftest import AT_REST, LIVENESS_S, ROWS, Deployment

INSTRUCTION = "Decide whether the reply is good."


def _until(service: Deployment, evaluation_id: str) -> dict[str, Any]:
    deadline = time.monotonic() + LIVENESS_S
    while (found := service.get(f"/evaluations/{evaluation_id}"))["status"] not in AT_REST:
        assert time.monotonic() < deadline, found
        time.sleep(0.05)
    return found


def _judge(service: Deployment, **judge: Any) -> dict[str, Any]:
    return {"model": "openai/simulated", "api_base": service.standin.api_base} | judge


def _evaluate(service: Deployment, dataset_id: str, judge: dict[str, Any], **options: Any) -> dict[str, Any]:
    body = {"dataset_id": dataset_id, "judge": judge} | options
    return _until(service, service.post("/evaluations", body, expect=202)["id"])


def _verdicts(service: Deployment, evaluation_id: str, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = service.get(f"/evaluations/{evaluation_id}/verdicts?limit=500{query}")[
        "items"
    ]
    return found


def test_an_evaluation_gives_verdicts_and_their_agreement(calm: Deployment) -> None:
    found = _evaluate(calm, calm.upload(), _judge(calm, instruction=INSTRUCTION))
    assert found["status"] == "succeeded", found
    verdicts = _verdicts(calm, found["id"])
    assert [verdict["example_id"] for verdict in verdicts] == [row.id for row in ROWS]
    table = confusion(
        [Label(v["label"]) for v in verdicts],
        [Label(v["verdict"]) if v["verdict"] else None for v in verdicts],
    )
    assert found["agreement"]["kappa"]["value"] == pytest.approx(cohen_kappa(table))
    assert found["judged"] == found["agreement"]["n"] == len(ROWS) == found["spend"]["calls"]
    disagreeing = _verdicts(calm, found["id"], "&agrees=false")
    assert [v for v in verdicts if v["agrees"] is False] == disagreeing
    rows = calm.get(f"/datasets/{found['dataset_id']}/examples?limit=500&disagrees_with={found['id']}")[
        "items"
    ]
    assert {row["id"] for row in rows} == {v["example_id"] for v in disagreeing}


def test_the_card_of_now_is_that_of_the_end_while_no_label_changes(calm: Deployment) -> None:
    found = _evaluate(calm, calm.upload(), _judge(calm, instruction=INSTRUCTION))
    card = calm.get(f"/evaluations/{found['id']}/agreement")
    for name in ("value", "low", "high", "n"):
        assert card["kappa"][name] == found["agreement"]["kappa"][name]
    for name in ("confusion", "n", "unparseable"):
        assert card[name] == found["agreement"][name]
    assert card["supervised_baseline"]["n"] == len(ROWS)
    assert card["supervised_baseline"]["judge_gain"]["p_value"] is not None


@pytest.mark.parametrize("judge", [{}, {"instruction": "Fail what is rude."}])
def test_a_judge_may_be_an_instruction_or_the_criterion_alone(
    calm: Deployment, judge: dict[str, Any]
) -> None:
    found = _evaluate(calm, calm.upload(), judge)
    assert (found["status"], found["model"]) == ("succeeded", "offline"), found
    assert found["judge"]["instruction"] == judge.get("instruction")
    assert found["judge"]["run_id"] is None


def test_a_repeated_evaluation_asks_nobody(calm: Deployment) -> None:
    dataset_id, judge = calm.upload(), _judge(calm, instruction="Ask once.")
    first = _evaluate(calm, dataset_id, judge)
    asked = calm.standin.received
    second = _evaluate(calm, dataset_id, judge)
    assert calm.standin.received == asked
    assert second["agreement"] == first["agreement"]


def test_a_runs_best_and_its_file_are_the_same_judge(calm: Deployment) -> None:
    dataset_id = calm.upload()
    run_id = calm.start(**calm.simulated(dataset_id, seed=8, budget={"max_calls": 150}))
    assert calm.until(run_id)["status"] == "succeeded"
    by_run = _evaluate(calm, dataset_id, {"run_id": run_id})
    artifact = calm.api.get(f"/api/runs/{run_id}/best").json()
    by_file = _evaluate(calm, dataset_id, {"artifact": artifact})
    assert by_run["status"] == by_file["status"] == "succeeded"
    assert by_run["agreement"] == by_file["agreement"]
    assert by_run["judge"]["run_id"] == by_file["judge"]["run_id"] == run_id
    assert by_run["judge"]["artifact_digest"] == artifact["digest"]


def test_an_outage_pauses_an_evaluation_and_its_verdicts_stay(calm: Deployment) -> None:
    calm.standin.faults.add(Fault(kind=FaultKind.SERVER_ERROR, from_call=45))
    found = _evaluate(calm, calm.upload(), _judge(calm, instruction="Until the outage."))
    assert (found["status"], found["pause_reason"]) == ("paused", "provider"), found
    assert len(_verdicts(calm, found["id"])) == found["judged"] > 0
    calm.standin.faults.clear()
    calm.post(f"/evaluations/{found['id']}/resume")
    found = _until(calm, found["id"])
    assert (found["status"], found["judged"]) == ("succeeded", len(ROWS))


def test_unlabelled_rows_are_judged_where_asked(calm: Deployment) -> None:
    dataset_id = calm.upload(30)
    more = [{"id": row.id, "input": row.input, "output": row.output} for row in ROWS[30:40]]
    calm.post(f"/datasets/{dataset_id}/examples", {"examples": more}, expect=201)
    judge = _judge(calm, instruction=INSTRUCTION)
    labelled = _evaluate(calm, dataset_id, judge)
    every = _evaluate(calm, dataset_id, judge, rows="all")
    assert (labelled["judged"], every["judged"]) == (30, 40)
    assert every["agreement"] == labelled["agreement"]


def test_nineteen_labels_are_one_too_few(calm: Deployment) -> None:
    body = {"dataset_id": calm.upload(19), "judge": {"model": "offline"}}
    assert calm.post("/evaluations", body, expect=409)["missing"] == {"labels": 1}
    assert _until(calm, calm.post("/evaluations", body | {"force": True}, expect=202)["id"])["judged"] == 19


def test_a_file_that_names_a_foreign_address_is_refused(calm: Deployment) -> None:
    dataset_id = calm.upload()
    run_id = calm.start(**calm.simulated(dataset_id, seed=9, budget={"max_calls": 150}))
    assert calm.until(run_id)["status"] == "succeeded"
    artifact = calm.api.get(f"/api/runs/{run_id}/best").json()
    artifact["calls"][0]["model"]["api_base"] = "http://169.254.169.254/v1"
    refused = calm.post(
        "/evaluations", {"dataset_id": dataset_id, "judge": {"artifact": artifact}}, expect=422
    )
    assert "api_base" in refused["detail"]


def test_a_judge_has_one_source(calm: Deployment) -> None:
    judge = {"instruction": "a", "run_id": "b"}
    calm.post("/evaluations", {"dataset_id": "d", "judge": judge}, expect=422)
