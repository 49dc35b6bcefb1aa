"""The ledger in a scratch database."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import psycopg
import pytest

from experiments.standin import NullWorld, StandIn, make_rows
from service.ledger.store import DatabaseLedger


class PostgresStorage:
    """A migrated database. Its clock goes on; time passes by making what is stored older."""

    def __init__(self, url: str, opened: ExitStack) -> None:
        self.url = url
        self._opened = opened

    @property
    def now(self) -> float:
        return time.time()

    def open(self, patience_s: float = 10.0) -> DatabaseLedger:
        ledger = DatabaseLedger(self.url, patience_s=patience_s)
        self._opened.callback(ledger.close)
        return ledger

    def let_pass(self, seconds: float) -> None:
        with psycopg.connect(self.url) as connection:
            connection.execute("UPDATE concord_ledger_claims SET expires_at = expires_at - %s", (seconds,))
            connection.execute("UPDATE concord_ledger_answers SET created_at = created_at - %s", (seconds,))
            connection.execute(
                "UPDATE concord_provider_lanes SET requests_until = requests_until - %(s)s, "
                "tokens_until = tokens_until - %(s)s",
                {"s": seconds},
            )


def break_connections(url: str) -> None:
    """As a restart of the server does it to whoever is connected."""
    with psycopg.connect(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def storage(emptied_postgres_url: str) -> Iterator[PostgresStorage]:
    with ExitStack() as opened:
        yield PostgresStorage(emptied_postgres_url, opened)


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(NullWorld(make_rows(seed=1, rows=20))) as server:
        yield server
