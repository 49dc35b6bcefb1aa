"""The API process: light, ready at once; the work itself is done by workers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from service import health, openapi, problems
from service.auth import Guard
from service.catalog import api as catalog
from service.criteria import api as criteria
from service.datasets import api as datasets
from service.db import open_engine
from service.evaluations import api as evaluations
from service.judges import api as judges
from service.limits import BodyLimit
from service.logs import RequestLog
from service.metrics import api as metrics
from service.metrics.exposition import Requests
from service.runs import api as runs
from service.schema import migrate
from service.session import api as session
from service.session.door import Door
from service.session.tokens import Keys
from service.settings import Settings
from service.ui import page
from service.version import VERSION

RESOURCES: tuple[APIRouter, ...] = (
    health.router,
    session.router,
    datasets.router,
    criteria.router,
    evaluations.router,
    runs.router,
    judges.router,
    catalog.router,
)
"""Each resource is a folder with an `api.router`; a router's own lifespan runs within the app's."""

DESCRIPTION = "Turns human labels into an LLM judge whose agreement with those humans is measured."


def create_app(settings: Settings) -> FastAPI:
    """The application. `app.state` holds `settings` and, while it runs, `engine`.

    Raises:
        InvalidInput: it would listen beyond this machine without API keys.
    """
    settings.require_safe_exposure()
    app = FastAPI(
        title="Concord",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url="/api/openapi.json",
        docs_url=None,  # its pages load scripts from another host
        redoc_url=None,
        lifespan=_lifespan,
        generate_unique_id_function=_operation_id,
        responses={"4XX": {"model": problems.ProblemDetails, "description": "Problem details (RFC 9457)"}},
    )
    app.state.settings = settings
    app.state.requests = Requests()
    app.state.door = Door(Keys(settings.api_keys))
    problems.install(app)
    openapi.install(app)
    _add_routes(app)
    _add_middleware(app, settings)
    return app


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.engine = open_engine(app.state.settings.database)
    try:
        await run_in_threadpool(migrate, app.state.engine)
        yield
    finally:
        app.state.engine.dispose()


def _operation_id(route: APIRoute) -> str:
    return route.name


def _add_routes(app: FastAPI) -> None:
    for router in RESOURCES:
        app.include_router(router, prefix="/api")
    app.include_router(metrics.router)
    app.include_router(health.router, include_in_schema=False)  # where orchestrators look
    app.include_router(page.router)


def _add_middleware(app: FastAPI, settings: Settings) -> None:
    """The last one added sees a request first."""
    app.add_middleware(
        BodyLimit,
        upload_max_bytes=settings.upload_max_bytes,
        body_max_bytes=settings.body_max_bytes,
    )
    app.add_middleware(
        Guard,
        door=app.state.door,
        host=settings.host,
        allowed_hosts=settings.allowed_hosts,
    )
    app.add_middleware(metrics.Measured, requests=app.state.requests)
    app.add_middleware(RequestLog)
