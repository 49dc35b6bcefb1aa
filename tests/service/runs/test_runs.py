"""Runs through the API, with a worker and a simulated model."""

import json
import time
from typing import Any

import httpx
import pytest

from experiments.examples.support_desk import SUPPORT_DESK_CRITERION, support_desk_path
from experiments.standin import Fault, FaultKind
from optimizers.artifact import from_json
from tests.service.runs.conftest import ROWS, Deployment

FORMATS = ("json", "text", "messages", "dspy", "mlflow", "promptfoo")


def _upload_example(service: Deployment) -> str:
    with support_desk_path().open("rb") as file:
        response = service.api.post(
            "/api/datasets",
            files={"file": ("support_desk.csv", file)},
            data={"name": "support desk", "criterion": SUPPORT_DESK_CRITERION},
        )
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


def _best(service: Deployment, run_id: str, form: str = "json") -> str:
    return service.api.get(f"/api/runs/{run_id}/best", params={"format": form}).text


def _events(response: httpx.Response) -> list[dict[str, Any]]:
    events, event = [], {}
    for line in response.iter_lines():
        name, _, value = line.partition(": ")
        if line:
            event[name] = value
        elif event:
            events.append(event)
            event = {}
    return events


def test_a_run_with_the_offline_model_leaves_a_judge_and_its_evidence(calm: Deployment) -> None:
    dataset_id = _upload_example(calm)
    run_id = calm.start(dataset_id=dataset_id, strategy="bootstrap_fewshot", budget={"max_calls": 400})
    run = calm.until(run_id)
    assert run["status"] == "succeeded", run
    report = calm.get(f"/runs/{run_id}/report")
    assert report["provenance"].startswith("demonstration")
    assert run["conclusion"] == report["conclusion"]
    assert run["spend"]["calls"] == report["spend"]["calls"]
    artifact = from_json(_best(calm, run_id))
    assert artifact.digest == run["artifact_digest"]
    assert {form for form in FORMATS if _best(calm, run_id, form)} == set(FORMATS)
    markdown = calm.api.get(f"/api/runs/{run_id}/report", params={"format": "markdown"})
    assert markdown.text.startswith("# ")
    assert calm.api.get(f"/api/datasets/{dataset_id}/best").text == _best(calm, run_id)
    judged = calm.post(f"/runs/{run_id}/judge", {"examples": [{"id": "x", "input": "Hi", "output": "Hello"}]})
    assert judged["verdicts"][0]["id"] == "x"
    assert judged["verdicts"][0]["verdict"] in {"pass", "fail"}


def test_a_repeated_run_asks_nobody_and_is_the_same(calm: Deployment) -> None:
    dataset_id = calm.upload()
    first = calm.until(calm.start(**calm.simulated(dataset_id, seed=1)))
    assert first["status"] == "succeeded", first
    paid = len(calm.standin.calls)
    assert paid == first["spend"]["calls"] - first["spend"]["cached_calls"]
    second = calm.until(calm.start(**calm.simulated(dataset_id, seed=1)))
    assert len(calm.standin.calls) == paid
    assert second["artifact_digest"] == first["artifact_digest"]
    assert second["spend"]["cached_calls"] == second["spend"]["calls"] == first["spend"]["calls"]


def test_trials_and_events_tell_what_happened(calm: Deployment) -> None:
    run_id = calm.start(**calm.simulated(calm.upload(), seed=2))
    with calm.api.stream("GET", f"/api/runs/{run_id}/events") as response:
        live = _events(response)
    run = calm.get(f"/runs/{run_id}")
    assert run["status"] == "succeeded", run
    trials = calm.get(f"/runs/{run_id}/trials?limit=500")["items"]
    assert [trial["number"] for trial in trials] == list(range(run["trials"]))
    assert run["best"]["kappa"] == max(t["kappa"] for t in trials if t["complete"] and t["kappa"] is not None)
    kept = [event for event in live if "id" in event]
    assert [json.loads(e["data"])["status"] for e in kept if e["event"] == "status"] == [
        "queued",
        "running",
        "succeeded",
    ]
    told = [json.loads(event["data"]) for event in kept if event["event"] == "trial"]
    assert [trial["number"] for trial in told] == list(range(run["trials"]))
    for name in ("kappa", "calls_so_far", "cost_usd_so_far", "leads", "best_kappa", "parent", "rows"):
        assert [trial[name] for trial in told] == [trial[name] for trial in trials]
    assert trials[-1]["calls_so_far"] <= run["spend"]["calls"]
    with calm.api.stream(
        "GET", f"/api/runs/{run_id}/events", headers={"Last-Event-ID": kept[1]["id"]}
    ) as response:
        rest = [event for event in _events(response) if "id" in event]
    assert rest == kept[2:]


def test_a_run_under_load_is_cancelled_within_a_second(calm: Deployment) -> None:
    calm.standin.faults.latency_ms = 100.0
    run_id = calm.start(**calm.simulated(calm.upload(), seed=3))
    calm.until_asked(20)
    asked_at = time.time()
    calm.post(f"/runs/{run_id}/cancel")
    run = calm.until(run_id, "cancelled")
    last = max(call.at for call in calm.standin.log)
    assert last - asked_at < 1.0 + 0.5  # the machine may be busy with other things
    assert run["cause"] is None
    assert calm.api.get(f"/api/runs/{run_id}/best").status_code == 409


def test_an_outage_pauses_a_run_and_resuming_pays_for_nothing_twice(calm: Deployment) -> None:
    dataset_id = calm.upload()
    calm.standin.faults.add(Fault(kind=FaultKind.SERVER_ERROR, from_call=60))
    run_id = calm.start(**calm.simulated(dataset_id, seed=4, max_age_s=0, budget={"max_calls": 200}))
    run = calm.until(run_id)
    assert (run["status"], run["pause_reason"]) == ("paused", "provider"), run
    assert run["cause"]
    answered = len(calm.standin.calls)
    calm.standin.faults.clear()
    calm.post(f"/runs/{run_id}/resume")
    run = calm.until(run_id)
    assert run["status"] == "succeeded", run
    assert answered > 0


def test_a_spend_cap_pauses_a_run_until_it_is_raised(calm: Deployment) -> None:
    body = calm.simulated(calm.upload(), seed=5, spend_cap={"max_calls": 30}, instruction="Be strict. Judge.")
    run_id = calm.start(**body)
    run = calm.until(run_id)
    assert (run["status"], run["pause_reason"]) == ("paused", "spend_cap"), run
    assert len(calm.standin.calls) <= 30
    calm.post(f"/runs/{run_id}/resume", {"spend_cap": {"max_calls": 5_000}})
    run = calm.until(run_id)
    assert run["status"] == "succeeded", run
    assert run["spend_cap"]["max_calls"] == 5_000


def test_a_paused_run_waits_and_goes_on(calm: Deployment) -> None:
    calm.standin.faults.latency_ms = 50.0
    run_id = calm.start(**calm.simulated(calm.upload(), seed=6, instruction="Judge with care."))
    calm.until_asked(20)
    calm.post(f"/runs/{run_id}/pause")
    run = calm.until(run_id)
    assert (run["status"], run["pause_reason"]) == ("paused", "by_hand"), run
    calm.standin.faults.latency_ms = 0.0
    calm.post(f"/runs/{run_id}/resume")
    assert calm.until(run_id)["status"] == "succeeded"


def test_a_wrong_key_fails_a_run_before_any_row_but_one(calm: Deployment) -> None:
    calm.standin.faults.accepted_key = "another key"
    run_id = calm.start(**calm.simulated(calm.upload(), seed=7, instruction="Never asked before."))
    run = calm.until(run_id)
    assert run["status"] == "failed", run
    assert "key" in run["cause"].lower()
    assert calm.standin.received == 1
    calm.standin.faults.accepted_key = None
    calm.post(f"/runs/{run_id}/retry")
    assert calm.until(run_id)["status"] == "succeeded"


def test_a_verbatim_prompt_is_a_baseline(calm: Deployment) -> None:
    prompt = {
        "messages": [
            {"role": "user", "content": "Q: {{input}}\nA: {{output}}\nAnswer PASS or FAIL as JSON."}
        ],
        "response": {"field": "verdict", "pass": "PASS", "fail": "FAIL"},
    }
    run_id = calm.start(**calm.simulated(calm.upload(), baseline=prompt, budget={"max_calls": 150}))
    run = calm.until(run_id)
    assert run["status"] == "succeeded", run
    first = calm.get(f"/runs/{run_id}/trials")["items"][0]
    assert "Q: {{input}}" in first["prompt"]


def test_the_best_judge_judges_by_request_as_it_did_in_the_run(
    calm: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")
    dataset_id = calm.upload()
    run_id = calm.start(**calm.simulated(dataset_id, seed=10, budget={"max_calls": 150}))
    best = calm.until(run_id)["best"]["trial"]
    assert best is not None
    asked = calm.standin.received
    rows = [{"id": row.id, "input": row.input, "output": row.output} for row in ROWS[:40]]
    judged = calm.post(f"/runs/{run_id}/judge", {"examples": rows})
    assert [verdict["id"] for verdict in judged["verdicts"]] == [row["id"] for row in rows]
    assert all(verdict["verdict"] or verdict["failure"] for verdict in judged["verdicts"])
    cached = judged["usage"]["cached_calls"]  # dev and test rows were answered in the run
    assert calm.standin.received - asked == len(rows) - cached < len(rows)


def test_judging_by_request_says_when_the_provider_is_out_of_service(
    calm: Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-a-test")
    run_id = calm.start(**calm.simulated(calm.upload(), seed=10, budget={"max_calls": 150}))
    assert calm.until(run_id)["status"] == "succeeded"
    calm.standin.faults.add(Fault(kind=FaultKind.SERVER_ERROR))
    body = {"examples": [{"input": "never asked", "output": "before"}]}
    problem = calm.post(f"/runs/{run_id}/judge", body, expect=503)
    assert problem["code"] == "paused"
