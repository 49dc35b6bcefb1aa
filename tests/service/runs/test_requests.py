"""What POST /runs refuses, before anything is stored or spent. No worker is needed."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from service.app import create_app
from service.runs.schemas import Format
from service.settings import Settings
from tests.service.conftest import serve

API_BASE = "http://127.0.0.1:11434/v1"


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = Settings(home=tmp_path_factory.mktemp("home"), api_bases=(API_BASE,))
    app: FastAPI = create_app(settings)
    with serve(app) as url, httpx.Client(base_url=f"{url}/api", timeout=60) as client:
        yield client


@pytest.fixture(autouse=True)
def _no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)


def _dataset(api: httpx.Client, passes: int, fails: int) -> str:
    labels = ["pass"] * passes + ["fail"] * fails
    rows = [
        {"id": str(n), "input": f"question {n}", "output": f"answer {n}", "label": label}
        for n, label in enumerate(labels)
    ]
    response = api.post("/datasets", json={"name": "d", "criterion": "It answers.", "examples": rows})
    assert response.status_code == 201, response.text
    return str(response.json()["id"])


@pytest.fixture(scope="module")
def dataset_id(api: httpx.Client) -> str:
    return _dataset(api, 40, 40)


def _refused(api: httpx.Client, status: int, code: str, **body: Any) -> dict[str, Any]:
    response = api.post("/runs", json=body)
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    problem: dict[str, Any] = response.json()
    return problem


def test_text_that_is_no_unicode_is_refused_with_a_key_too(api: httpx.Client, dataset_id: str) -> None:
    body = f'{{"dataset_id": "{dataset_id}", "options": {{"trials": "\\ud800"}}}}'
    headers = {"Content-Type": "application/json", "Idempotency-Key": "k"}
    response = api.post("/runs", content=body, headers=headers)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_input")


def test_an_estimate_settles_no_split(api: httpx.Client) -> None:
    dataset = _dataset(api, 30, 30)
    before = api.get(f"/datasets/{dataset}").json()
    assert api.post("/runs/estimate", json={"dataset_id": dataset}).status_code == 200
    assert api.get(f"/datasets/{dataset}").json() == before
    assert api.post("/runs", json={"dataset_id": dataset}).status_code == 202
    assert api.get(f"/datasets/{dataset}").json()["parts"] != before["parts"]


def test_an_accepted_run_is_queued_and_found_under_its_location(api: httpx.Client, dataset_id: str) -> None:
    response = api.post("/runs", json={"dataset_id": dataset_id})
    assert response.status_code == 202
    run = response.json()
    assert (run["status"], run["model"], run["strategy"]) == ("queued", "offline", "joint")
    assert run["mlflow_url"] is None
    assert api.get(response.headers["location"].removeprefix("/api")).json() == run


def test_one_idempotency_key_starts_one_run(api: httpx.Client, dataset_id: str) -> None:
    body, headers = {"dataset_id": dataset_id, "seed": 77}, {"Idempotency-Key": "once"}
    first, second = (api.post("/runs", json=body, headers=headers) for _ in range(2))
    assert first.json() == second.json()
    again = api.post("/runs", json=body | {"seed": 78}, headers=headers)
    assert (again.status_code, again.json()["code"]) == (409, "idempotency_key_reused")


def test_too_few_labels_are_refused_with_what_is_missing(api: httpx.Client) -> None:
    problem = _refused(api, 409, "not_enough_labels", dataset_id=_dataset(api, 30, 8))
    assert problem["missing"] == {"labels": 12, "fail": 2}


def test_labels_of_one_class_are_refused(api: httpx.Client) -> None:
    problem = _refused(api, 409, "not_enough_labels", dataset_id=_dataset(api, 60, 0))
    assert problem["missing"] == {"fail": 10}


def test_force_runs_with_too_few_labels(api: httpx.Client) -> None:
    response = api.post("/runs", json={"dataset_id": _dataset(api, 15, 4), "force": True})
    assert response.status_code == 202, response.text


def test_an_unknown_dataset_is_not_found(api: httpx.Client) -> None:
    _refused(api, 404, "not_found", dataset_id="ds_none")


def test_an_unknown_strategy_is_refused_with_those_that_are_known(api: httpx.Client, dataset_id: str) -> None:
    problem = _refused(api, 422, "invalid_input", dataset_id=dataset_id, strategy="magic")
    assert "bootstrap_fewshot" in problem["detail"]


def test_an_unknown_option_of_a_strategy_is_refused(api: httpx.Client, dataset_id: str) -> None:
    _refused(api, 422, "invalid_input", dataset_id=dataset_id, options={"magic": 1})


def test_a_missing_key_is_named(api: httpx.Client, dataset_id: str) -> None:
    problem = _refused(api, 422, "invalid_input", dataset_id=dataset_id, model="openai/gpt-4o-mini")
    assert "OPENAI_API_KEY" in problem["detail"]


@pytest.mark.parametrize("model", ["gpt-4o-mini", "openai/"])
def test_a_model_that_nothing_reaches_is_refused(api: httpx.Client, dataset_id: str, model: str) -> None:
    _refused(api, 422, "model_not_found", dataset_id=dataset_id, model=model)


def test_an_address_that_was_not_allowed_is_refused(api: httpx.Client, dataset_id: str) -> None:
    problem = _refused(
        api, 422, "invalid_input", dataset_id=dataset_id, model="openai/x", api_base="http://10.0.0.1/v1"
    )
    assert API_BASE in problem["detail"]


def test_an_allowed_address_needs_no_key(api: httpx.Client, dataset_id: str) -> None:
    body = {"dataset_id": dataset_id, "model": "openai/local", "api_base": API_BASE + "/"}
    assert api.post("/runs", json=body).status_code == 202


def test_a_budget_below_the_final_test_is_refused_with_the_least(api: httpx.Client, dataset_id: str) -> None:
    problem = _refused(api, 422, "budget_too_small", dataset_id=dataset_id, budget={"max_calls": 10})
    needed = problem["needed_calls"]
    body = {"dataset_id": dataset_id, "budget": {"max_calls": needed}}
    assert api.post("/runs", json=body).status_code == 202


def test_a_dollar_limit_without_a_price_is_refused(api: httpx.Client, dataset_id: str) -> None:
    body = {"dataset_id": dataset_id, "model": "openai/local", "api_base": API_BASE}
    for limit in ("budget", "spend_cap"):
        _refused(api, 422, "price_unknown", **body, **{limit: {"max_cost_usd": 1}})


def test_a_prompt_without_a_place_for_the_output_is_refused(api: httpx.Client, dataset_id: str) -> None:
    baseline = {"messages": [{"role": "user", "content": "Judge {{input}}."}]}
    problem = _refused(api, 422, "invalid_input", dataset_id=dataset_id, baseline=baseline)
    assert "{{output}}" in problem["detail"]


def test_a_placeholder_that_would_be_sent_as_it_is_is_refused(api: httpx.Client, dataset_id: str) -> None:
    baseline = {"messages": [{"role": "user", "content": "Asked: {{ input }} Said: {{output}}"}]}
    problem = _refused(api, 422, "validation_failed", dataset_id=dataset_id, baseline=baseline)
    assert "'{{ input }}' would be sent as it is" in problem["detail"]


def test_a_prompt_and_an_instruction_are_one_too_many(api: httpx.Client, dataset_id: str) -> None:
    baseline = {"messages": [{"role": "user", "content": "{{input}} {{output}}"}]}
    _refused(api, 422, "validation_failed", dataset_id=dataset_id, baseline=baseline, instruction="Judge.")


@pytest.mark.parametrize(
    "body", [{"model": ""}, {"seed": -1}, {"budget": {"max_calls": 0}}, {"budget": {"calls": 5}}, {"sede": 1}]
)
def test_a_wrong_field_is_named(api: httpx.Client, dataset_id: str, body: dict[str, Any]) -> None:
    problem = _refused(api, 422, "validation_failed", dataset_id=dataset_id, **body)
    assert next(iter(body)) in problem["errors"][0]["field"]


def test_an_estimate_spends_nothing_and_stores_no_run(api: httpx.Client, dataset_id: str) -> None:
    before = api.get("/runs", params={"dataset_id": dataset_id, "limit": 500}).json()["items"]
    found = api.post("/runs/estimate", json={"dataset_id": dataset_id}).json()
    assert found["calls"] >= found["needed_calls"] > 0
    assert (found["cost_usd"], found["cost_unknown"]) == (0.0, None)
    assert sum(sum(part.values()) for part in found["classes"].values()) == sum(found["rows"].values()) == 80
    assert api.get("/runs", params={"dataset_id": dataset_id, "limit": 500}).json()["items"] == before


def test_runs_come_in_pages_newest_first(api: httpx.Client) -> None:
    dataset_id = _dataset(api, 30, 30)
    started = [api.post("/runs", json={"dataset_id": dataset_id, "seed": n}).json()["id"] for n in range(5)]
    found: list[str] = []
    after = ""
    while len(found) < 5:
        page = api.get(f"/runs?dataset_id={dataset_id}&limit=2{after}").json()
        found += [run["id"] for run in page["items"]]
        after = f"&cursor={page['next']}"
    assert found == started[::-1]
    assert page["next"] is None


def test_a_queued_run_is_cancelled_paused_and_resumed_without_a_worker(
    api: httpx.Client, dataset_id: str
) -> None:
    run_id = api.post("/runs", json={"dataset_id": dataset_id}).json()["id"]
    seen = [
        api.post(f"/runs/{run_id}/{order}").json()["status"]
        for order in ("pause", "resume", "cancel", "retry")
    ]
    assert seen == ["paused", "queued", "cancelled", "queued"]


def test_a_run_without_a_result_says_so(api: httpx.Client, dataset_id: str) -> None:
    run_id = api.post("/runs", json={"dataset_id": dataset_id}).json()["id"]
    for path in ("best", "report"):
        response = api.get(f"/runs/{run_id}/{path}")
        assert response.status_code == 409
        assert "queued" in response.json()["detail"]
    judged = api.post(f"/runs/{run_id}/judge", json={"examples": [{"input": "a", "output": "b"}]})
    assert judged.status_code == 409


@pytest.mark.parametrize("path", ["", "/trials", "/events", "/best", "/report"])
def test_an_unknown_run_is_not_found(api: httpx.Client, path: str) -> None:
    response = api.get(f"/runs/run_none{path}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_dataset_without_a_judge_says_so(api: httpx.Client, dataset_id: str) -> None:
    assert api.get(f"/datasets/{dataset_id}/best").status_code == 404


@pytest.mark.parametrize("id_", ["x", "9" * 19, "9" * 5_000])
def test_a_last_event_id_that_is_none_is_refused(api: httpx.Client, dataset_id: str, id_: str) -> None:
    run_id = api.post("/runs", json={"dataset_id": dataset_id}).json()["id"]
    response = api.get(f"/runs/{run_id}/events", headers={"Last-Event-ID": id_})
    assert (response.status_code, response.json()["code"]) == (422, "invalid_cursor")
    assert api.get(f"/runs/{run_id}/events", params={"after": 2**63}).status_code == 422


def test_the_catalog_names_strategies_and_keys_but_shows_none(
    api: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    names = [strategy["name"] for strategy in api.get("/strategies").json()]
    assert names[:2] == ["joint", "bootstrap_fewshot"]
    models = api.get("/models")
    providers = {provider["prefix"]: provider["ready"] for provider in models.json()["providers"]}
    assert (providers["openai/"], providers["xai/"]) == (True, False)
    assert "sk-secret" not in models.text
    assert models.json()["judge"]["ready"]


def test_the_catalog_says_what_can_be_set_of_a_strategy(api: httpx.Client) -> None:
    strategies = {strategy["name"]: strategy for strategy in api.get("/strategies").json()}
    assert [name for name, found in strategies.items() if found["is_default"]] == ["joint"]
    rounds = next(option for option in strategies["joint"]["options"] if option["name"] == "rounds")
    assert rounds["default"] == 12
    assert all(found["summary"].endswith(".") for found in strategies.values())


def test_the_catalog_names_every_form_of_a_judge(api: httpx.Client) -> None:
    formats = api.get("/formats").json()
    assert {found["name"] for found in formats} == set(Format)
    assert all(found["summary"].endswith(".") for found in formats)
