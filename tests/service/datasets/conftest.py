"""Files made in memory, and datasets sent to a running service."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from optimizers.errors import DatasetRejected, RowProblem
from service.app import create_app
from service.datasets.ingest import FileUpload, Inspection, Reading, Row, inspect, read_rows
from service.db import open_engine
from service.schema import migrate
from service.settings import Settings


class Files:
    """Reads files that a test writes as bytes."""

    def rows(self, content: bytes, name: str = "rows.csv", reading: Reading | None = None) -> list[Row]:
        found = list(read_rows(io.BytesIO(content), name, reading))
        assert all(isinstance(row, Row) for row in found), found
        return [row for row in found if isinstance(row, Row)]

    def problems(self, content: bytes, name: str = "rows.csv") -> tuple[RowProblem, ...]:
        with pytest.raises(DatasetRejected) as caught:
            self.inspect(content, name)
        return caught.value.problems

    def inspect(
        self, content: bytes, name: str = "rows.csv", reading: Reading | None = None, *, skip: bool = False
    ) -> Inspection:
        upload = FileUpload(io.BytesIO(content), name)
        return inspect(upload, reading or Reading(), "skip" if skip else "refuse")


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture
def settings(tmp_path: Path, ready_database_url: str) -> Settings:
    """The service on either database, one after the other."""
    return Settings(home=tmp_path / "home", database_url=ready_database_url)


@pytest.fixture
def engine(ready_database_url: str) -> Iterator[Engine]:
    """The service's database."""
    engine = open_engine(ready_database_url)
    migrate(engine)
    yield engine
    engine.dispose()


class Api:
    """The datasets' endpoints, as a test uses them."""

    def __init__(self, client: httpx.Client) -> None:
        self.client = client

    def create(self, *examples: dict[str, Any], **fields: Any) -> dict[str, Any]:
        body = {"name": "replies", "criterion": "It answers.", "examples": list(examples)} | fields
        response = self.client.post("/api/datasets", json=body)
        assert response.status_code == 201, response.text
        created: dict[str, Any] = response.json()
        return created

    def upload(self, content: bytes, filename: str = "rows.csv", **fields: str) -> httpx.Response:
        data = {"criterion": "It answers."} | fields
        return self.client.post("/api/datasets", files={"file": (filename, content)}, data=data)

    def dataset(self, dataset_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.client.get(f"/api/datasets/{dataset_id}").json()
        return found

    def examples(self, dataset_id: str, **filters: Any) -> list[dict[str, Any]]:
        response = self.client.get(f"/api/datasets/{dataset_id}/examples", params=filters)
        assert response.status_code == 200, response.text
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    def label(
        self, dataset_id: str, example_id: str, annotator: str, label: str, **more: Any
    ) -> dict[str, Any]:
        path = f"/api/datasets/{dataset_id}/examples/{example_id}/labels/{annotator}"
        response = self.client.put(path, json={"label": label, **more})
        assert response.status_code == 200, response.text
        found: dict[str, Any] = response.json()
        return found


@pytest.fixture
def api(client: httpx.Client) -> Api:
    return Api(client)


@pytest.fixture
def small_api(tmp_path: Path, serving: Callable[..., Any]) -> Iterator[Api]:
    """A service that takes 5 rows of 100 characters and 2,000 bytes."""
    small = Settings(home=tmp_path / "small", upload_max_bytes=2000, upload_max_rows=5, cell_max_chars=100)
    with serving(create_app(small)) as url, httpx.Client(base_url=url) as client:
        yield Api(client)
