"""Idempotency-Key: sent twice, done once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import httpx
import pytest
from sqlalchemy import Engine, text

from service.db import transaction
from service.errors import KeyReused
from service.idempotency import Once, Reply

BODY = {"name": "n", "criterion": "c", "examples": [{"input": "a", "output": "b"}]}


def _post(client: httpx.Client, key: str, body: object = BODY) -> httpx.Response:
    return client.post("/api/datasets", json=body, headers={"Idempotency-Key": key})


def test_the_same_key_gives_the_same_response(client: httpx.Client) -> None:
    first, second = _post(client, "k"), _post(client, "k")
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert first.headers["location"] == second.headers["location"]
    assert second.headers["idempotency-replayed"] == "true"
    assert len(client.get("/api/datasets").json()["items"]) == 1


def test_another_key_acts_again(client: httpx.Client) -> None:
    assert _post(client, "k1").json()["id"] != _post(client, "k2").json()["id"]


def test_without_a_key_every_request_acts(client: httpx.Client) -> None:
    ids = {client.post("/api/datasets", json=BODY).json()["id"] for _ in range(2)}
    assert len(ids) == 2


def test_the_same_key_with_another_request_is_refused(client: httpx.Client) -> None:
    _post(client, "k")
    response = _post(client, "k", BODY | {"name": "other"})
    assert (response.status_code, response.json()["code"]) == (409, "idempotency_key_reused")


def test_a_failed_request_leaves_its_key_free(client: httpx.Client) -> None:
    bad = BODY | {"examples": [{"input": "a", "output": ""}]}
    assert _post(client, "k", bad).status_code == 422
    assert _post(client, "k").status_code == 201


def test_the_same_file_under_another_boundary_is_the_same_request(client: httpx.Client) -> None:
    def send() -> httpx.Response:
        return client.post(
            "/api/datasets",
            files={"file": ("rows.csv", b"input,output\na,b\n")},
            data={"criterion": "c"},
            headers={"Idempotency-Key": "k"},
        )

    assert send().json()["id"] == send().json()["id"]


def test_of_requests_at_the_same_moment_one_acts(engine: Engine) -> None:
    start, acted = Barrier(6), []

    def act() -> Reply:
        acted.append(1)
        return Reply(status=201, body={"n": len(acted)})

    def send(_: int) -> bytes:
        start.wait()
        with transaction(engine) as session:
            return bytes(Once(session, "scope")({"a": 1}, act).body)

    with ThreadPoolExecutor(6) as pool:
        bodies = set(pool.map(send, range(6)))
    assert bodies == {b'{"n":1}'}
    assert len(acted) == 1


def test_who_waits_for_a_request_that_fails_acts_itself(engine: Engine) -> None:
    def fail() -> Reply:
        raise RuntimeError

    with pytest.raises(RuntimeError), transaction(engine) as session:
        Once(session, "scope")({}, fail)
    with transaction(engine) as session:
        assert Once(session, "scope")({}, lambda: Reply(status=201, body={})).status_code == 201


def test_keys_are_forgotten_after_a_week(engine: Engine) -> None:
    with transaction(engine) as session:
        Once(session, "old")({"a": 1}, lambda: Reply(status=201, body={}))
    with engine.begin() as connection:
        connection.execute(text("UPDATE concord_idempotency SET created_at = '2020-01-01 00:00:00'"))
    with transaction(engine) as session:
        assert Once(session, "old")({"b": 2}, lambda: Reply(status=202, body={})).status_code == 202


def test_a_key_with_another_request_is_refused_on_both_databases(engine: Engine) -> None:
    with transaction(engine) as session:
        Once(session, "s")({"a": 1}, lambda: Reply(status=201, body={}))
    with pytest.raises(KeyReused), transaction(engine) as session:
        Once(session, "s")({"a": 2}, lambda: Reply(status=201, body={}))
