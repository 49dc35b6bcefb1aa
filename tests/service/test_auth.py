"""Who may ask: holders of a key, or this machine's own programs."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from optimizers.errors import InvalidInput
from service.app import create_app
from service.settings import Settings

Serving = Callable[[FastAPI], AbstractContextManager[str]]


@pytest.fixture
def guarded(tmp_path: Path) -> FastAPI:
    return create_app(Settings.model_validate({"home": tmp_path / "home", "api_keys": "one,two"}))


def test_a_request_without_a_key_is_refused(guarded: FastAPI, serving: Serving) -> None:
    with serving(guarded) as url:
        response = httpx.get(f"{url}/api/datasets")
    assert response.status_code == 401
    assert response.headers["www-authenticate"] == "Bearer"
    assert response.json()["code"] == "unauthenticated"


@pytest.mark.parametrize("key", ["one", "two"])
def test_every_key_opens(guarded: FastAPI, serving: Serving, key: str) -> None:
    with serving(guarded) as url:
        assert httpx.get(f"{url}/api/datasets", headers={"Authorization": f"Bearer {key}"}).status_code == 200


@pytest.mark.parametrize("value", ["Bearer three", "Bearer", "Basic one", "one", "Bearer ön"])
def test_a_wrong_key_does_not(guarded: FastAPI, serving: Serving, value: str) -> None:
    headers = {b"Authorization": value.encode("latin-1")}
    with serving(guarded) as url:
        assert httpx.get(f"{url}/api/datasets", headers=headers).status_code == 401


def test_health_needs_no_key(guarded: FastAPI, serving: Serving) -> None:
    with serving(guarded) as url:
        assert httpx.get(f"{url}/api/health").status_code == 200
        assert httpx.get(f"{url}/ready").status_code == 200


def test_keys_are_never_in_an_answer(guarded: FastAPI, serving: Serving) -> None:
    headers = {"Authorization": "Bearer wrong-sesame"}
    with serving(guarded) as url:
        assert "sesame" not in httpx.get(f"{url}/api/datasets", headers=headers).text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", ""])
def test_a_name_that_is_not_ours_is_refused(client: httpx.Client, host: str) -> None:
    response = client.get("/api/datasets", headers={"Host": host})
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000"])
def test_loopback_names_are_ours(client: httpx.Client, host: str) -> None:
    assert client.get("/api/datasets", headers={"Host": host}).status_code == 200


def test_further_names_can_be_allowed(tmp_path: Path, serving: Serving) -> None:
    settings = Settings.model_validate({"home": tmp_path / "home", "allowed_hosts": "concord.local"})
    with serving(create_app(settings)) as url:
        assert httpx.get(f"{url}/health", headers={"Host": "concord.local:8000"}).status_code == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "file://"])
def test_another_web_page_cannot_ask(client: httpx.Client, origin: str) -> None:
    response = client.post("/api/datasets", headers={"Origin": origin}, json={})
    assert response.status_code == 403


def test_our_own_page_can(client: httpx.Client, base_url: str) -> None:
    assert client.get("/api/datasets", headers={"Origin": base_url}).status_code == 200


def test_an_application_that_others_could_reach_does_not_start_without_keys() -> None:
    with pytest.raises(InvalidInput, match="CONCORD_API_KEYS"):
        create_app(Settings(host="0.0.0.0"))
