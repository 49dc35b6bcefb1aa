"""What Alembic runs for each command. The connection comes from `service.schema`."""

from alembic import context
from sqlalchemy import Connection

from service import tables


def _include(name: str | None, kind: str, _parents: object) -> bool:
    """Our tables alone: the job engine keeps its own in the same database."""
    return kind != "table" or (name or "").startswith(tables.PREFIX)


def _run(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=tables.metadata(),
        include_name=_include,
        version_table="concord_schema",
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    context.run_migrations()


_run(context.config.attributes["connection"])
