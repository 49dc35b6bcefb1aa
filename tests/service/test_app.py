"""The API process: light, ready at once, and described as committed."""

import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
from fastapi import FastAPI

from service.app import create_app
from service.openapi import COMMITTED, as_text
from service.settings import Settings

Serving = Callable[[FastAPI], AbstractContextManager[str]]

HEAVY = ("dspy", "optuna", "sklearn", "scipy", "mlflow", "litellm", "pyarrow", "matplotlib", "pandas")


def test_the_api_process_loads_nothing_heavy() -> None:
    code = (
        "import sys; from service.app import create_app; from service.settings import Settings; "
        f"create_app(Settings()).openapi(); print([m for m in {HEAVY!r} if m in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=240
    )
    assert found.stdout.strip() == "[]"


def test_the_application_serves_within_five_seconds(tmp_path: Path, serving: Serving) -> None:
    started = time.monotonic()
    with serving(create_app(Settings(home=tmp_path / "home"))) as url:
        assert httpx.get(f"{url}/ready").status_code == 200
        assert time.monotonic() - started < 5


def test_health_answers_under_both_addresses(client: httpx.Client) -> None:
    assert client.get("/health").json() == client.get("/api/health").json()
    assert client.get("/health").json()["status"] == "ok"


def test_ready_says_what_is_not(app: FastAPI, serving: Serving, tmp_path: Path) -> None:
    with serving(app) as url:
        for file in (tmp_path / "home").glob("concord.db*"):
            file.unlink()
        app.state.engine.dispose()
        response = httpx.get(f"{url}/api/ready")
    assert response.status_code == 503
    assert response.json() == {"status": "not ready", "database": "not migrated"}


def test_ready_says_that_the_database_is_gone(app: FastAPI, serving: Serving, tmp_path: Path) -> None:
    with serving(app) as url:
        app.state.engine.dispose()
        (tmp_path / "home").rename(tmp_path / "gone")
        response = httpx.get(f"{url}/api/ready")
    assert (response.status_code, response.json()["database"]) == (503, "unreachable")


def test_the_root_is_the_page(client: httpx.Client) -> None:
    assert client.get("/").headers["content-type"].startswith("text/html")


def test_the_committed_description_is_the_code_s(app: FastAPI) -> None:
    assert as_text(app) == COMMITTED.read_text(encoding="utf-8"), "run `concord openapi --write`"


def test_operation_names_are_unique(app: FastAPI) -> None:
    operations = [op["operationId"] for path in app.openapi()["paths"].values() for op in path.values()]
    assert len(operations) == len(set(operations))


def test_making_the_application_touches_no_disk(tmp_path: Path) -> None:
    create_app(Settings(home=tmp_path / "home"))
    assert not (tmp_path / "home").exists()


def test_a_json_body_beyond_its_limit_is_refused(tmp_path: Path, serving: Serving) -> None:
    app = create_app(Settings(home=tmp_path / "home", body_max_bytes=1000))
    body = {"name": "n", "criterion": "c", "examples": [{"input": "a", "output": "b" * 2000}]}
    with serving(app) as url:
        response = httpx.post(f"{url}/api/datasets", json=body)
    assert response.status_code == 413
    assert "1,000 bytes" in response.json()["detail"]


def test_a_body_of_unknown_length_is_counted(tmp_path: Path, serving: Serving) -> None:
    app = create_app(Settings(home=tmp_path / "home", body_max_bytes=1000))
    pieces = iter([b'{"name": "n", "x": "', b"y" * 900, b"z" * 900, b'"}'])
    with serving(app) as url:
        response = httpx.post(
            f"{url}/api/datasets", content=pieces, headers={"Content-Type": "application/json"}
        )
    assert response.status_code == 413
