"""The criteria's endpoints as a test uses them, on either database: one service for all tests of a module,
and a dataset for each test."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from service.app import create_app
from service.db import open_engine
from service.settings import Settings
from tests.service.conftest import serve


class Api:
    """One dataset with its criteria and assertions."""

    def __init__(self, client: httpx.Client, rows: int = 6) -> None:
        self.client = client
        self.dataset = self.create(*({"id": f"r{k}", "input": f"q{k}", "output": f"a{k}"} for k in range(rows)))
        self.at = f"/datasets/{self.dataset}"

    def create(self, *examples: dict[str, Any]) -> str:
        body = {"name": "replies", "criterion": "It answers.", "examples": list(examples)}
        return str(self.send("POST", "/datasets", body, expect=201)["id"])

    def send(self, method: str, path: str, body: Any = None, *, expect: int = 200, **params: Any) -> Any:
        response = self.client.request(method, f"/api{path}", json=body, params=params)
        assert response.status_code == expect, response.text
        return response.json() if response.content else None

    def get(self, path: str, *, expect: int = 200, **params: Any) -> Any:
        return self.send("GET", self.at + path, expect=expect, **params)

    def post(self, path: str, body: Any = None, *, expect: int = 201) -> Any:
        return self.send("POST", self.at + path, body, expect=expect)

    def criterion(self, text: str = "It is short.", **more: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.post("/criteria", {"text": text} | more)
        return found

    def change(self, criterion: str, *, expect: int = 200, **changes: Any) -> dict[str, Any]:
        found: dict[str, Any] = self.send("PATCH", f"{self.at}/criteria/{criterion}", changes, expect=expect)
        return found

    def names(self, **params: Any) -> list[str]:
        return [found["name"] for found in self.get("/criteria", **params)["items"]]


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
