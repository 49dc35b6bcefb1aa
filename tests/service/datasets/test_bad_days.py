"""What goes wrong around an upload: nothing is half stored, and the next request works."""

import socket
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
from fastapi import FastAPI
from sqlalchemy import event

from tests.service.datasets.conftest import Api

ROWS = b"input,output\n" + b"".join(b"question %d,%s\n" % (n, b"answer " * 50) for n in range(2000))


def test_a_full_disk_refuses_the_upload_and_keeps_what_is_there(app: FastAPI, api: Api) -> None:
    if app.state.engine.dialect.name != "sqlite":
        return  # a PostgreSQL server has a disk of its own
    kept = api.create({"input": "a", "output": "b"})["id"]

    def fill(connection: Any, _entry: object) -> None:
        connection.execute("PRAGMA max_page_count = 60")

    event.listen(app.state.engine, "connect", fill)
    app.state.engine.dispose()
    response = api.upload(ROWS)
    assert (response.status_code, response.json()["code"]) == (503, "storage_failed")
    assert [d["id"] for d in api.client.get("/api/datasets").json()["items"]] == [kept]

    event.remove(app.state.engine, "connect", fill)
    app.state.engine.dispose()
    assert api.upload(ROWS).status_code == 201


def test_a_client_that_goes_away_leaves_nothing(api: Api, base_url: str) -> None:
    address = urlsplit(base_url)
    assert address.hostname is not None
    with socket.create_connection((address.hostname, address.port or 80)) as connection:
        head = (
            f"POST /api/datasets HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: 100000\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n--x\r\n"
        )
        connection.sendall(head.encode())
        time.sleep(0.1)
    assert api.client.get("/api/datasets").json()["items"] == []


def test_a_response_that_was_sent_is_already_stored(api: Api, base_url: str) -> None:
    for n in range(10):
        dataset = api.create(name=f"d{n}")["id"]
        assert httpx.get(f"{base_url}/api/datasets/{dataset}").status_code == 200
