"""Is the process alive, and can it work?"""

from typing import Literal

import structlog
from fastapi import APIRouter, Response
from pydantic import BaseModel
from sqlalchemy.exc import SQLAlchemyError

from service.db import transaction
from service.dependencies import EngineDep
from service.schema import is_current
from service.version import VERSION

log = structlog.get_logger(__name__)

router = APIRouter(tags=["service"])


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"
    version: str = VERSION


class Readiness(BaseModel):
    """Whether requests can be served, and what each part says."""

    status: Literal["ready", "not ready"]
    database: Literal["ok", "unreachable", "not migrated"]


@router.get("/health")
async def health() -> Health:
    """The process answers; nothing else is asked."""
    return Health()


@router.get("/ready", responses={503: {"model": Readiness}})
def ready(engine: EngineDep, response: Response) -> Readiness:
    """The database answers and has this version's schema; 503 until then."""
    try:
        with transaction(engine, read_only=True) as session:
            database: Literal["ok", "not migrated"] = (
                "ok" if is_current(session.connection()) else "not migrated"
            )
    except SQLAlchemyError as error:
        log.warning("database_unreachable", error_type=type(error).__name__)
        response.status_code = 503
        return Readiness(status="not ready", database="unreachable")
    if database != "ok":
        response.status_code = 503
        return Readiness(status="not ready", database=database)
    return Readiness(status="ready", database=database)
