"""Signing in from a visitor: by a key, once, and from then on by a cookie that is not the key."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from service.app import create_app
from service.session.door import COOKIE
from service.settings import Settings
from tests.service.conftest import serve

Serving = Callable[[FastAPI], AbstractContextManager[str]]
OWN = {"Sec-Fetch-Site": "same-origin"}
DATASET = {
    "name": "d",
    "criterion": "It answers.",
    "examples": [{"id": "1", "input": "a", "output": "b", "label": "pass"}],
}


def _app(home: Path, keys: str) -> FastAPI:
    return create_app(Settings.model_validate({"home": home, "api_keys": keys}))


@pytest.fixture
def visitor(tmp_path: Path) -> Iterator[httpx.Client]:
    """A client that keeps cookies, before a service with keys."""
    with (
        serve(_app(tmp_path, "sesame,other")) as url,
        httpx.Client(base_url=url, timeout=60) as client,
    ):
        yield client


def _sign_in(visitor: httpx.Client, key: str = "sesame", **headers: str) -> httpx.Response:
    return visitor.post("/api/session", json={"key": key}, headers=headers)


def _state(visitor: httpx.Client) -> tuple[bool, bool]:
    found = visitor.get("/api/session").json()
    return found["required"], found["signed_in"]


def test_who_has_signed_in_needs_no_key_any_more(visitor: httpx.Client) -> None:
    assert _state(visitor) == (True, False)
    assert visitor.get("/api/datasets").status_code == 401
    assert _sign_in(visitor).status_code == 204
    assert _state(visitor) == (True, True)
    assert visitor.get("/api/datasets").status_code == 200
    assert visitor.post("/api/datasets", json=DATASET, headers=OWN).status_code == 201


def test_who_signs_out_needs_one_again(visitor: httpx.Client) -> None:
    _sign_in(visitor)
    assert visitor.delete("/api/session", headers=OWN).status_code == 204
    assert _state(visitor) == (True, False)
    assert visitor.get("/api/datasets").status_code == 401


def test_a_wrong_key_gives_no_cookie(visitor: httpx.Client) -> None:
    response = _sign_in(visitor, "open barley")
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert not response.cookies
    assert "barley" not in response.text


def test_the_cookie_is_kept_from_scripts_and_other_sites_and_is_not_the_key(visitor: httpx.Client) -> None:
    cookie = _sign_in(visitor).headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=1.")
    assert "sesame" not in cookie
    assert {part.strip().lower() for part in cookie.split(";")[1:]} == {
        "httponly",
        "samesite=strict",
        "path=/",
        "max-age=604800",
    }


def test_the_cookie_of_a_page_that_came_by_https_stays_there(visitor: httpx.Client) -> None:
    origin = str(visitor.base_url).replace("http://", "https://").rstrip("/")
    assert "; secure" in _sign_in(visitor, Origin=origin).headers["set-cookie"].lower()


def test_the_event_stream_takes_the_cookie(visitor: httpx.Client) -> None:
    _sign_in(visitor)
    found = visitor.get("/api/runs/run_none/events", headers={"Accept": "text/event-stream"})
    assert found.status_code == 404  # it was let in, and looked for


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "none"},
    ],
)
def test_a_change_with_the_cookie_must_come_from_our_own_page(
    visitor: httpx.Client, headers: dict[str, str]
) -> None:
    _sign_in(visitor)
    for method, path in (("POST", "/api/datasets"), ("DELETE", "/api/datasets/x"), ("PATCH", "/api/x")):
        response = visitor.request(method, path, headers=headers)
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")


def test_browsers_that_send_no_fetch_metadata_show_their_origin(visitor: httpx.Client) -> None:
    _sign_in(visitor)
    own = {"Origin": str(visitor.base_url).rstrip("/")}
    assert visitor.post("/api/datasets", json=DATASET, headers=own).status_code == 201


def test_a_program_with_a_key_says_nothing_of_where_it_comes_from(visitor: httpx.Client) -> None:
    response = visitor.post("/api/datasets", json=DATASET, headers={"Authorization": "Bearer sesame"})
    assert response.status_code == 201


@pytest.mark.parametrize("method", ["POST", "DELETE"])
def test_another_page_can_sign_nobody_in_or_out(visitor: httpx.Client, method: str) -> None:
    headers = {"Origin": "http://evil.example"}
    assert visitor.request(method, "/api/session", headers=headers).status_code == 403


def test_the_cookie_does_not_open_the_metrics(visitor: httpx.Client) -> None:
    _sign_in(visitor)
    assert visitor.get("/metrics").status_code == 401


@pytest.mark.parametrize("token", ["", "1", "1.99999999999.x.y", "...", "é", "1.2.3.4.5"])
def test_a_cookie_that_is_made_up_is_not_taken(visitor: httpx.Client, token: str) -> None:
    headers = {b"Cookie": f"{COOKIE}={token}".encode()}
    assert visitor.get("/api/datasets", headers=headers).status_code == 401


def test_removing_a_key_ends_its_sessions_and_no_others(tmp_path: Path, serving: Serving) -> None:
    tokens = {}
    with serving(_app(tmp_path, "sesame,other")) as url:
        for key in ("sesame", "other"):
            tokens[key] = httpx.post(f"{url}/api/session", json={"key": key}).cookies[COOKIE]
    with serving(_app(tmp_path, "other")) as url:
        seen = {
            key: httpx.get(f"{url}/api/datasets", cookies={COOKIE: token}).status_code
            for key, token in tokens.items()
        }
    assert seen == {"sesame": 401, "other": 200}


def test_a_service_without_keys_wants_none(client: httpx.Client) -> None:
    assert _state(client) == (False, True)
    response = _sign_in(client, "whatever")
    assert (response.status_code, len(response.cookies)) == (204, 0)


def test_what_is_open_stays_open_without_a_key(visitor: httpx.Client) -> None:
    assert visitor.get("/").status_code == 200
