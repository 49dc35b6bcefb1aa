"""Runs of a strategy that chooses among assertions get those that people keep. No worker is needed."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from optimizers.types import Assertion, AssertionKind
from service.app import create_app
from service.db import open_engine, transaction
from service.runs.stored import spec_of
from service.runs.tables import RunRow
from service.settings import Settings
from tests.service.conftest import serve

BRIEF, TONE = "words(output) <= 40", "Fail a reply that shouts."


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def api(settings: Settings) -> Iterator[httpx.Client]:
    app = create_app(settings)
    with serve(app) as url, httpx.Client(base_url=f"{url}/api", timeout=60) as client:
        yield client


def send(api: httpx.Client, path: str, body: dict[str, Any] | None = None) -> str:
    response = api.post(path, json=body)
    assert response.is_success, response.text
    return str(response.json()["id"])


@pytest.fixture(scope="module")
def dataset(api: httpx.Client) -> str:
    """Sixty labelled rows, and three assertions, the last of which is retired."""
    rows = [
        {"id": str(n), "input": f"q{n}", "output": f"a{n}", "label": "fail" if n % 3 else "pass"}
        for n in range(60)
    ]
    found = send(api, "/datasets", {"name": "d", "criterion": "It answers.", "examples": rows})
    criterion = send(api, f"/datasets/{found}/criteria", {"text": "It is kind."})
    for kind, text in (("check", BRIEF), ("prompt", TONE), ("check", "true")):
        last = send(
            api, f"/datasets/{found}/assertions", {"criterion_id": criterion, "kind": kind, "text": text}
        )
    send(api, f"/datasets/{found}/assertions/{last}/retire")
    return found


def assertions_of_a_run(settings: Settings, api: httpx.Client, **asked: Any) -> tuple[Assertion, ...]:
    run = send(api, "/runs", {"budget": {"max_calls": 400}} | asked)
    engine = open_engine(settings.database)
    with transaction(engine, read_only=True) as session:
        row = session.get_one(RunRow, run)
        found = spec_of(row.spec).assertions
    engine.dispose()
    return found


def test_a_run_of_criteria_gets_the_assertions_in_use(
    settings: Settings, api: httpx.Client, dataset: str
) -> None:
    found = assertions_of_a_run(settings, api, dataset_id=dataset, strategy="criteria")
    assert [(one.kind, one.text) for one in found] == [
        (AssertionKind.CHECK, BRIEF),
        (AssertionKind.PROMPT, TONE),
    ]
    assert {one.criterion for one in found} == {"It is kind."}


def test_other_strategies_get_none(settings: Settings, api: httpx.Client, dataset: str) -> None:
    assert assertions_of_a_run(settings, api, dataset_id=dataset, strategy="joint") == ()
