"""Transactions: all or nothing, and nobody fails because another one writes."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from service.clock import now
from service.datasets.tables import DatasetRow
from service.db import end_idle_transactions, open_engine, transaction
from service.schema import migrate


def _dataset(number: int) -> DatasetRow:
    return DatasetRow(
        id=f"ds_{number}", name="n", criterion="c", split_train=0.4, split_dev=0.3, split_test=0.3
    )


def test_an_error_leaves_no_trace(engine: Engine) -> None:
    def write_and_fail() -> None:
        with transaction(engine) as session:
            session.add(_dataset(1))
            session.flush()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    with transaction(engine, read_only=True) as session:
        assert session.get(DatasetRow, "ds_1") is None


def test_writers_at_the_same_moment_wait_for_each_other(engine: Engine) -> None:
    def read_then_write(number: int) -> None:
        with transaction(engine) as session:
            session.connection().execute(text("SELECT count(*) FROM concord_datasets"))
            session.add(_dataset(number))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(read_then_write, range(24)))
    with transaction(engine, read_only=True) as session:
        assert session.connection().execute(text("SELECT count(*) FROM concord_datasets")).scalar() == 24


def test_a_reader_does_not_wait_for_a_writer(engine: Engine) -> None:
    with transaction(engine) as writer:
        writer.add(_dataset(1))
        writer.flush()
        with transaction(engine, read_only=True) as reader:
            assert reader.get(DatasetRow, "ds_1") is None


@pytest.fixture
def restless(postgres_url: str) -> Iterator[Engine]:
    """PostgreSQL, for one who may be silent within a transaction for half a second."""
    engine = open_engine(postgres_url)
    migrate(engine)
    end_idle_transactions(engine, 0.5)
    yield engine
    engine.dispose()


def test_who_is_frozen_in_a_transaction_loses_it_and_its_locks(restless: Engine) -> None:
    def write_and_freeze() -> None:
        with transaction(restless) as session:
            session.add(_dataset(1))
            session.flush()
            time.sleep(1.0)
            with transaction(restless) as another:
                another.add(_dataset(1))  # waits for the first to end
            session.add(_dataset(2))

    with pytest.raises(OperationalError, match="idle-in-transaction"):
        write_and_freeze()
    with transaction(restless, read_only=True) as session:
        assert session.get(DatasetRow, "ds_1") is not None
        assert session.get(DatasetRow, "ds_2") is None


def test_who_only_reads_may_take_its_time(restless: Engine) -> None:
    with transaction(restless, read_only=True) as session:
        assert session.get(DatasetRow, "ds_1") is None
        time.sleep(1.0)
        assert session.get(DatasetRow, "ds_2") is None


def test_times_come_back_in_utc(engine: Engine) -> None:
    at = now()
    with transaction(engine) as session:
        row = _dataset(1)
        row.created_at = at
        session.add(row)
    with transaction(engine, read_only=True) as session:
        assert session.get_one(DatasetRow, "ds_1").created_at == at


def test_a_plain_postgresql_url_means_psycopg_3() -> None:
    assert open_engine("postgresql://db/concord").url.drivername == "postgresql+psycopg"


def test_sqlite_keeps_a_write_ahead_log_and_its_references(sqlite_engine: Engine) -> None:
    with sqlite_engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
