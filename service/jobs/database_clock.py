"""The database's clock: the one that all workers share. Their own may differ by minutes."""

from typing import Any

from sqlalchemy import Float
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class database_now(FunctionElement[float]):  # noqa: N801  # it reads as the SQL function that it is
    """POSIX seconds, to the millisecond, at the moment of the statement."""

    type = Float()
    inherit_cache = True


@compiles(database_now, "sqlite")
def _in_sqlite(_element: database_now, _compiler: Any, **_options: Any) -> str:  # Any: SQLAlchemy's hook
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(database_now, "postgresql")
def _in_postgresql(_element: database_now, _compiler: Any, **_options: Any) -> str:
    # Not now(): that is the moment when the transaction began.
    return "EXTRACT(EPOCH FROM clock_timestamp())::double precision"
