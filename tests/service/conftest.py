"""Databases, applications and servers for the service's tests."""

import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
import uvicorn
from fastapi import FastAPI
from sqlalchemy import Engine

from service import tables
from service.app import create_app
from service.db import open_engine
from service.schema import migrate
from service.settings import Settings


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the developer's shell sets has no say in a test."""
    for name in list(os.environ):
        if name.startswith("CONCORD_") and name not in {"CONCORD_TEST_POSTGRES", "CONCORD_REQUIRE_POSTGRES"}:
            monkeypatch.delenv(name)


def _postgres_server() -> str:
    """The address of a server where tests may make databases; a skip, by name, without one."""
    url = os.environ.get("CONCORD_TEST_POSTGRES", "postgresql://postgres@127.0.0.1:5432/postgres")
    try:
        psycopg.connect(url, connect_timeout=60).close()
    except psycopg.OperationalError as error:
        if os.environ.get("CONCORD_REQUIRE_POSTGRES") == "1":
            raise
        pytest.skip(f"no PostgreSQL server for tests (CONCORD_TEST_POSTGRES): {error}")
    return url


@contextmanager
def _scratch_database() -> Iterator[str]:
    server = _postgres_server()
    name = f"concord_test_{secrets.token_hex(6)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
    try:
        yield server.rsplit("/", 1)[0] + f"/{name}"
    finally:
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """An empty database of its own, dropped in the end."""
    with _scratch_database() as url:
        yield url


@pytest.fixture(scope="session")
def _migrated_postgres() -> Iterator[str]:
    """One migrated database for all tests that only want clean tables: making one takes its time."""
    with _scratch_database() as url:
        engine = open_engine(url)
        migrate(engine)
        engine.dispose()
        yield url


@pytest.fixture
def emptied_postgres_url(_migrated_postgres: str) -> str:
    """A migrated database without a row."""
    with psycopg.connect(_migrated_postgres, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {', '.join(tables.metadata().tables)} RESTART IDENTITY CASCADE")
    return _migrated_postgres


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'concord.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """An empty database of either kind, one after the other."""
    url: str = request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def ready_database_url(request: pytest.FixtureRequest) -> str:
    """A database of either kind for an application; it has no row, but may have its tables."""
    is_sqlite = request.param == "sqlite"
    url: str = request.getfixturevalue("sqlite_url" if is_sqlite else "emptied_postgres_url")
    return url


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """`database_url`, migrated."""
    engine = open_engine(database_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(sqlite_url: str) -> Iterator[Engine]:
    engine = open_engine(sqlite_url)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A SQLite service in a folder of its own; nothing comes from the environment but these."""
    return Settings(home=tmp_path / "home")


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@contextmanager
def serve(app: FastAPI) -> Iterator[str]:
    """`app` behind a real socket; gives its address."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 120
    while not server.started and thread.is_alive() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.started, "the server did not start within 120 s"
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        listener.close()


@pytest.fixture
def serving() -> Callable[[FastAPI], AbstractContextManager[str]]:
    """Puts an application behind a real socket: `with serving(app) as base_url`."""
    return serve


@pytest.fixture
def base_url(app: FastAPI) -> Iterator[str]:
    """The application behind a real socket."""
    with serve(app) as url:
        yield url


@pytest.fixture
def client(base_url: str) -> Iterator[httpx.Client]:
    """A client of the application, over a real socket."""
    with httpx.Client(base_url=base_url, timeout=60) as client:
        yield client
