"""`/metrics`, for Prometheus, and what measures the requests."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.concurrency import run_in_threadpool
from starlette.types import ASGIApp, Receive, Scope, Send

from service import traces
from service.answered import Answered
from service.dependencies import EngineDep
from service.metrics.counters import Flusher
from service.metrics.exposition import Requests, exposition


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    """What this process counts (judging by request asks models too) goes where the workers' goes. Its
    traces end here and not after the server, which passes a signal on to the process when it has ended."""
    flusher = Flusher(app.state.engine)
    app.state.flusher = flusher
    flusher.start()
    with traces.tracing("api"):
        try:
            yield
        finally:
            await run_in_threadpool(flusher.stop)


router = APIRouter(lifespan=_lifespan, include_in_schema=False)


@router.get("/metrics")
def metrics(request: Request, engine: EngineDep) -> Response:
    """Jobs, workers, model calls of all processes, and this process's request durations."""
    request.app.state.flusher.flush()
    return Response(exposition(engine, request.app.state.requests), media_type=CONTENT_TYPE_LATEST)


class Measured:
    """ASGI middleware: each request's duration by its route's template, and its span."""

    def __init__(self, app: ASGIApp, *, requests: Requests) -> None:
        self._app = app
        self._requests = requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; what was asked, and by whom, stays out of what is told."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = Answered(send)
        started = time.perf_counter()

        with traces.request(scope["method"]) as ended:
            try:
                await self._app(scope, receive, answered.send)
            finally:
                route = _template(scope)
                self._requests.took(scope["method"], route, answered.status, time.perf_counter() - started)
                ended(route, answered.status)


def _template(scope: Scope) -> str:
    """The matched route's path with its placeholders; a route knows nothing of what it is included under."""
    path: str | None = getattr(scope.get("route"), "path", None)
    if path is None:
        return "unmatched"
    return f"/api{path}" if scope["path"].startswith("/api/") and not path.startswith("/api/") else path
