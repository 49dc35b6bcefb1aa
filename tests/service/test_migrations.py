"""Migrations bring both databases to exactly the tables that the code knows."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import IntegrityError

from optimizers.errors import StorageFailed
from service import tables
from service.db import open_engine, transaction
from service.schema import is_current, migrate


def _ours(name: str | None, kind: str, _parents: object) -> bool:
    return kind != "table" or (name or "").startswith(tables.PREFIX)


def test_models_and_migrations_agree(engine: Engine) -> None:
    options = {"include_name": _ours, "version_table": "concord_schema", "compare_type": True}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, tables.metadata()) == []


def test_every_table_of_ours_carries_the_prefix(engine: Engine) -> None:
    assert all(name.startswith(tables.PREFIX) for name in tables.metadata().tables)
    assert all(name.startswith(tables.PREFIX) for name in inspect(engine).get_table_names())


def test_a_second_start_changes_nothing(engine: Engine) -> None:
    migrate(engine)
    with engine.connect() as connection:
        assert is_current(connection)


def test_processes_that_start_together_migrate_once(database_url: str) -> None:
    engines = [open_engine(database_url) for _ in range(6)]
    with ThreadPoolExecutor(len(engines)) as pool:
        list(pool.map(migrate, engines))
    with engines[0].connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM concord_schema")).scalar() == 1
    for engine in engines:
        engine.dispose()


def test_an_empty_database_is_not_current(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.connect() as connection:
        assert not is_current(connection)
    engine.dispose()


def test_a_database_of_a_newer_version_is_refused(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE concord_schema SET version_num = '9999'"))
    with pytest.raises(StorageFailed, match="newer"):
        migrate(engine)


def test_tables_of_others_are_left_alone(database_url: str) -> None:
    engine = open_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE workflow_status (id INTEGER)"))
    migrate(engine)
    test_models_and_migrations_agree(engine)
    assert "workflow_status" in inspect(engine).get_table_names()
    engine.dispose()


def test_references_are_enforced(engine: Engine) -> None:
    orphan = (
        "INSERT INTO concord_snapshots (digest, dataset_id, n_rows, payload, created_at) "
        "VALUES ('d', 'nobody', 0, '', '2026-01-01')"
    )
    with pytest.raises(IntegrityError), transaction(engine) as session:
        session.connection().execute(text(orphan))
