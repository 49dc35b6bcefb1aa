"""Brings a database to the schema of this code, once, whoever starts first."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, text

from optimizers.errors import StorageFailed

VERSION_TABLE = "concord_schema"
LOCK_KEY = 0x436F6E636F7264
"""PostgreSQL's advisory locks are named by a number: "Concord" in ASCII."""


def migrate(engine: Engine) -> None:
    """Run the migrations that are missing; several processes may do so at the same moment.

    All run in one transaction under a lock (SQLite's write lock, an advisory lock in PostgreSQL),
    so that who comes second finds nothing left to do, and a failure leaves the old schema.

    Raises:
        StorageFailed: a newer version of the code has migrated the database.
    """
    with engine.begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK_KEY})
        try:
            command.upgrade(configuration(connection), "head")
        except CommandError as error:
            raise StorageFailed(
                f"the database's schema is unknown to this version of Concord ({error}); "
                "it was probably written by a newer one"
            ) from error


def is_current(connection: Connection) -> bool:
    """Whether the database has exactly this code's schema."""
    options = {"version_table": VERSION_TABLE}
    heads = MigrationContext.configure(connection, opts=options).get_current_heads()
    return set(heads) == set(ScriptDirectory.from_config(configuration(connection)).get_heads())


def configuration(connection: Connection) -> Config:
    """Alembic's configuration for one open connection; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
