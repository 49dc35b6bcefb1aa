"""Bad days of a whole service: each ends in a status that says what happened, and nothing is lost."""

import re
import resource
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from mlflow import MlflowClient

from experiments.standin import Fault, FaultKind, StandIn
from tests.acceptance.conftest import IN_FLIGHT, Site, Undisturbed
from tests.experiments.conftest import MlflowServer
from tests.service.runs.conftest import LIVENESS_S


def test_runs_go_on_while_mlflow_is_down_and_mlflow_catches_up(
    service: Site, undisturbed: Undisturbed, tmp_path: Path
) -> None:
    run = service.until(undisturbed.run["id"], enough=lambda run: run["mlflow_trouble"] is not None)
    assert (run["status"], run["mlflow_url"]) == ("succeeded", None)
    assert "does not answer" in run["mlflow_trouble"]
    server = MlflowServer(tmp_path, service.mlflow_port)
    service.mlflow.close()
    server.start()
    try:
        run = service.until(run["id"], enough=lambda run: run["mlflow_trouble"] is None)
        page = re.search(r"/experiments/(\d+)/runs/(\w+)", run["mlflow_url"])
        assert page is not None
        children = MlflowClient(server.url).search_runs([page[1]], f"tags.`mlflow.parentRunId` = '{page[2]}'")
    finally:
        server.stop()
    assert [child.info.status for child in children] == ["FINISHED"] * run["trials"]


OUTAGES = {
    "429 with an hour of Retry-After": (
        Fault(kind=FaultKind.RATE_LIMITED, from_call=60, retry_after_s=3600),
        "429",
    ),
    "500s": (Fault(kind=FaultKind.SERVER_ERROR, from_call=60), "500"),
    "hangs": (Fault(kind=FaultKind.HANG, from_call=60), "3 s"),
    "bodies that are cut": (Fault(kind=FaultKind.CUT_BODY, from_call=60), ""),
    "down from the 200th call on": (Fault(kind=FaultKind.DOWN, from_call=200), ""),
}


@pytest.mark.parametrize(("fault", "said"), OUTAGES.values(), ids=OUTAGES.keys())
def test_a_run_that_its_provider_fails_pauses_and_goes_on_where_it_was(
    service: Site, provider: StandIn, undisturbed: Undisturbed, fault: Fault, said: str
) -> None:
    provider.faults.add(fault)
    run = service.run(provider)
    assert (run["status"], run["pause_reason"]) == ("paused", "provider"), run
    assert said in run["cause"]
    provider.faults.clear()
    run = service.resumed(run)
    assert run["status"] == "succeeded", run
    assert run["artifact_digest"] == undisturbed.run["artifact_digest"]
    assert (len(provider.calls), provider.paid_twice) == (undisturbed.calls, undisturbed.paid_twice)


WITHOUT_VERDICT = [FaultKind.WRONG_FORMAT, FaultKind.REFUSAL]
VERDICTS = ("tp", "fp", "fn", "tn")


@pytest.mark.parametrize("kind", WITHOUT_VERDICT)
def test_answers_without_a_verdict_are_counted_and_never_scored(
    service: Site, provider: StandIn, kind: FaultKind
) -> None:
    provider.faults.add(Fault(kind=kind, rate=0.3))
    run = service.run(provider)
    assert run["status"] == "succeeded", run
    report = service.get(f"/runs/{run['id']}/report")
    for reading in (report["test"]["baseline"], report["test"]["best"]):
        judged = sum(reading["confusion"][cell] for cell in VERDICTS)
        assert 0 < reading["unparseable"] == reading["n"] - judged < reading["n"]
    assert any("gave no verdict on" in warning for warning in report["warnings"])


@pytest.mark.parametrize("kind", WITHOUT_VERDICT)
def test_a_model_that_never_gives_a_verdict_is_reported_as_that(
    service: Site, provider: StandIn, kind: FaultKind
) -> None:
    provider.faults.add(Fault(kind=kind))
    run = service.run(provider)
    assert run["status"] == "succeeded", run
    best = service.get(f"/runs/{run['id']}/report")["test"]["best"]
    assert best["unparseable"] == best["n"] > 0
    assert (run["conclusion"], run["recommended"]) == ("not shown", "baseline")


@pytest.mark.parametrize(
    ("strategy", "budget"),
    [
        ("bootstrap_fewshot", {"max_calls": 130}),
        ("bootstrap_fewshot", {"max_tokens": 60_000}),
        ("mipro", {"max_calls": 150}),  # its third trial is cut in the middle
    ],
)
def test_a_budget_that_runs_out_ends_the_search_and_not_the_run(
    service: Site, provider: StandIn, strategy: str, budget: dict[str, int]
) -> None:
    run = service.run(provider, strategy=strategy, budget=budget)
    assert run["status"] == "succeeded", run
    report = service.get(f"/runs/{run['id']}/report")
    assert any("the budget ended the search" in warning for warning in report["warnings"])
    assert report["test"]["best"]["n"] > 0
    assert len(provider.calls) == report["spend"]["calls"] <= budget.get("max_calls", 10_000)
    trials = service.get(f"/runs/{run['id']}/trials")["items"]
    assert run["best"]["trial"] in [trial["number"] for trial in trials if trial["complete"]]


def test_a_wrong_key_is_said_after_one_call_and_a_right_one_goes_on(
    service: Site, provider: StandIn, undisturbed: Undisturbed
) -> None:
    provider.faults.accepted_key = "another"
    run = service.run(provider)
    assert (run["status"], provider.received) == ("failed", 1), run
    assert "Incorrect API key" in run["cause"]
    assert "sk-of-a-test" not in str(run)
    assert service.get(f"/runs/{run['id']}/trials")["items"] == []
    provider.faults.accepted_key = None
    service.post(f"/runs/{run['id']}/retry")
    assert service.until(run["id"])["artifact_digest"] == undisturbed.run["artifact_digest"]


def test_a_full_disk_pauses_a_run_and_room_lets_it_go_on(
    service: Site, provider: StandIn, undisturbed: Undisturbed
) -> None:
    provider.faults.latency_ms = 30.0
    body = service.simulated(service.upload(), api_base=provider.api_base, seed=11)
    run_id = service.start(**body)
    _until(lambda: provider.received >= 60)
    with no_room(service.workers[0].pid):
        provider.faults.latency_ms = 0.0
        _until_silent(provider)
    run = service.until(run_id)
    assert (run["status"], run["pause_reason"]) == ("paused", "storage"), run
    assert service.workers[0].poll() is None
    run = service.resumed(run)
    assert run["artifact_digest"] == undisturbed.run["artifact_digest"]
    assert provider.paid_twice <= undisturbed.paid_twice + IN_FLIGHT


@contextmanager
def no_room(pid: int) -> Iterator[None]:
    """While the block lasts, no file of the process can grow: to it, the disk is full."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)


def _until(enough: Callable[[], bool]) -> None:
    deadline = time.monotonic() + LIVENESS_S
    while not enough():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def _until_silent(provider: StandIn) -> None:
    """Until nobody has asked for a second, which the worker's retries never leave."""

    def is_silent() -> bool:
        asked = provider.received
        time.sleep(1.0)
        return provider.received == asked

    _until(is_silent)


@pytest.mark.parametrize(
    ("passes", "fails", "missing"),
    [
        (10, 9, {"labels": 31, "fail": 1}),
        (80, 0, {"fail": 10}),
        (0, 80, {"pass": 10}),
    ],
)
def test_labels_that_cannot_carry_a_run_are_refused_with_what_is_missing(
    service: Site, passes: int, fails: int, missing: dict[str, int]
) -> None:
    dataset_id = _dataset(service, ["pass"] * passes + ["fail"] * fails)
    problem = service.post("/runs", {"dataset_id": dataset_id}, expect=409)
    assert (problem["code"], problem["missing"]) == ("not_enough_labels", missing)
    assert service.get(f"/runs?dataset_id={dataset_id}")["items"] == []
    assert service.get(f"/datasets/{dataset_id}")["labelled"] == passes + fails


@pytest.mark.parametrize("labels", [["pass"] * 80, ["fail"] * 80, ["pass", "fail"] * 9 + ["pass"]])
def test_a_run_that_is_forced_on_such_labels_says_what_its_numbers_are_worth(
    service: Site, labels: list[str]
) -> None:
    run_id = service.start(dataset_id=_dataset(service, labels), force=True, budget={"max_calls": 300})
    run = service.until(run_id)
    assert run["status"] == "succeeded", run
    assert run["conclusion"] in {"not measured", "not shown"}
    warnings = service.get(f"/runs/{run_id}/report")["warnings"]
    assert any(warning.startswith("forced: ") for warning in warnings)


def test_a_group_that_holds_half_the_data_stays_whole_and_is_warned_of(service: Site) -> None:
    group = [{"group": "one customer"}] * 40 + [{}] * 40
    run_id = service.start(
        dataset_id=_dataset(service, ["pass", "fail"] * 40, group), budget={"max_calls": 300}
    )
    run = service.until(run_id)
    assert run["status"] == "succeeded", run
    report = service.get(f"/runs/{run_id}/report")
    assert any("one group (one customer) holds 40 of 80 rows" in warning for warning in report["warnings"])


def test_two_uploads_of_one_file_at_the_same_moment_both_stand(service: Site) -> None:
    file = "id,input,output,label\n" + "".join(f"r{n},in {n},out {n},{n % 2}\n" for n in range(3000))

    def upload(_: int) -> httpx.Response:
        files, data = {"file": ("rows.csv", file)}, {"name": "twice", "criterion": "c"}
        return httpx.post(f"{service.api.base_url}/api/datasets", files=files, data=data, timeout=60)

    with ThreadPoolExecutor(2) as pool:
        responses = list(pool.map(upload, range(2)))
    assert [response.status_code for response in responses] == [201, 201]
    found = [service.get(f"/datasets/{response.json()['id']}") for response in responses]
    assert [dataset["classes"] for dataset in found] == [{"pass": 1500, "fail": 1500}] * 2
    assert found[0]["id"] != found[1]["id"]


def test_nobody_but_models_and_mlflow_was_contacted_all_the_while(service: Site, provider: StandIn) -> None:
    service.run(provider)
    ports = [urlsplit(address).port for address in service.settings.api_bases]
    allowed = {str(("127.0.0.1", port)) for port in (*ports, service.mlflow_port)} | {"127.0.0.1"}
    assert service.contacts
    assert service.contacts <= allowed


def _dataset(service: Site, labels: list[str], more: Sequence[Mapping[str, str]] | None = None) -> str:
    examples = [
        {"id": str(n), "input": f"question {n}", "output": f"answer {n}", "label": label} | dict(extra)
        for n, (label, extra) in enumerate(zip(labels, more or [{}] * len(labels), strict=True))
    ]
    body = {"name": "d", "criterion": "It answers.", "examples": examples}
    return str(service.post("/datasets", body, expect=201)["id"])
