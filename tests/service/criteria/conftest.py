"""The criteria's endpoints as a test uses them, on either database: one service for all tests of a module,
and a dataset for each test."""

from collections.abc import Iterator
from secrets import token_hex
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from optimizers.types import Failure, FailureKind, Label, ModelRef, Outcome, Verdict
from service.app import create_app
from service.criteria import verdicts
from service.criteria.tables import AssertionRunRow
from service.db import open_engine, transaction
from service.jobs.tables import JobRow
from service.settings import Settings
from tests.service.conftest import serve

WORDS = {"p": Label.PASS, "f": Label.FAIL}


class Api:
    """One dataset with its criteria and assertions."""

    def __init__(self, client: httpx.Client, rows: int = 6) -> None:
        self.client = client
        self.dataset = self.create(
            *({"id": f"r{k}", "input": f"q{k}", "output": f"a{k}"} for k in range(rows))
        )
        self.at = f"/datasets/{self.dataset}"

    def create(self, *examples: dict[str, Any], **more: Any) -> str:
        body = {"name": "replies", "criterion": "It answers.", "examples": list(examples)} | more
        return str(self.send("POST", "/datasets", body, expect=201)["id"])

    def send(self, method: str, path: str, body: Any = None, *, expect: int = 200, **params: Any) -> Any:
        response = self.client.request(method, f"/api{path}", json=body, params=params)
        assert response.status_code == expect, response.text
        return response.json() if response.content else None

    def get(self, path: str, *, expect: int = 200, **params: Any) -> Any:
        return self.send("GET", self.at + path, expect=expect, **params)

    def post(self, path: str, body: Any = None, *, expect: int = 201) -> Any:
        return self.send("POST", self.at + path, body, expect=expect)

    def filled(self, words: str, **more: Any) -> "Api":
        """Another dataset, with a row for each of `words`, labelled so where it is `p` or `f`."""
        rows = [
            {"id": f"r{k}", "input": f"q{k}", "output": f"a{k}"}
            | ({"label": WORDS[word].value} if word in WORDS else {})
            for k, word in enumerate(words)
        ]
        other = Api(self.client, rows=0)
        other.dataset = self.create(*rows, **more)
        other.at = f"/datasets/{other.dataset}"
        return other

    def criterion(self, text: str = "It is short.", **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.post("/criteria", {"text": text} | more)
        return found

    def change(self, criterion: str, *, expect: int = 200, **changes: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.send("PATCH", f"{self.at}/criteria/{criterion}", changes, expect=expect)
        return found

    def assertion(self, criterion: str, kind: str = "check", text: str = "true", **more: Any) -> str:
        body = {"criterion_id": criterion, "kind": kind, "text": text} | more
        return str(self.post("/assertions", body)["id"])

    def label(self, words: str, annotator: str = "anna", **more: Any) -> None:
        """Labels on r0, r1, ...: `p`, `f`, or anything else for none."""
        for example_id, label in zip(self.ids(words), words, strict=True):
            if label in WORDS:
                path = f"{self.at}/examples/{example_id}/labels/{annotator}"
                self.send("PUT", path, {"label": WORDS[label].value} | more)

    @staticmethod
    def ids(words: str) -> list[str]:
        return [f"r{k}" for k in range(len(words))]

    def names(self, **params: Any) -> list[str]:
        return [found["name"] for found in self.get("/criteria", **params)["items"]]


def say(engine: Engine, assertion: str, words: str, *, model: ModelRef | None = None) -> None:
    """Let an assertion say `p` or `f` of r0, r1, ...; nothing of those with a blank, and nothing that can be
    read with any other word."""
    failure = Failure(kind=FailureKind.UNPARSEABLE, message="?")
    said: dict[str, Outcome] = {
        example_id: Verdict(label=WORDS[word]) if word in WORDS else failure
        for example_id, word in zip(Api.ids(words), words, strict=True)
        if word != " "
    }
    with transaction(engine) as session:
        verdicts.store(session, assertion, model, said)


def assertion_run(engine: Engine, dataset: str, model: ModelRef) -> None:
    """A run of no assertions that has ended, as the latest that asked `model`."""
    with transaction(engine) as session:
        job = JobRow(id=f"asrun_{token_hex(8)}", kind="assertion_run", dataset_id=dataset, status="succeeded")
        session.add(job)
        session.flush()
        session.add(
            AssertionRunRow(
                id=job.id,
                dataset_id=dataset,
                model=model.name,
                api_base=model.api_base,
                model_key=verdicts.key_of(model),
                assertions=[],
                last_row=0,
            )
        )


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Settings, httpx.Client]]:
    home = tmp_path_factory.mktemp("home")
    database = None if request.param == "sqlite" else request.getfixturevalue("_migrated_postgres")
    settings = Settings(home=home, database_url=database)
    with serve(create_app(settings)) as url, httpx.Client(base_url=url, timeout=60) as client:
        yield settings, client


@pytest.fixture
def api(served: tuple[Settings, httpx.Client]) -> Api:
    return Api(served[1])


@pytest.fixture
def engine(served: tuple[Settings, httpx.Client]) -> Iterator[Engine]:
    """The service's database."""
    engine = open_engine(served[0].database)
    yield engine
    engine.dispose()
