"""Structured logs: one event a line, for people on a terminal or as JSON; no credential in them."""

import logging
import re
import time

import structlog
from starlette.types import ASGIApp, Receive, Scope, Send
from structlog.typing import EventDict, WrappedLogger

from service.answered import Answered
from service.settings import Settings

SECRET_NAMES = re.compile(r"api_?key|authorization|password|secret|token$", re.IGNORECASE)
SECRET_VALUES = re.compile(r"\b(?:sk|pk|rk)-[\w-]{8,}|(?<=Bearer )\S+|(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
HIDDEN = "[hidden]"

log = structlog.get_logger(__name__)


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank out fields named like a credential, and texts that look like one, at any depth."""
    return {name: HIDDEN if SECRET_NAMES.search(name) else _hide(value) for name, value in event.items()}


def _hide(value: object) -> object:
    if isinstance(value, str):
        return SECRET_VALUES.sub(HIDDEN, value)
    if isinstance(value, dict):
        return {k: HIDDEN if SECRET_NAMES.search(str(k)) else _hide(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_hide(item) for item in value]
    return value


def configure(settings: Settings) -> None:
    """Set up this process's logging. For composition roots, once."""
    level = logging.getLevelNamesMapping().get(settings.log_level.upper(), logging.INFO)
    chain: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        hide_secrets,
    ]
    last: structlog.typing.Processor = (
        structlog.processors.JSONRenderer() if settings.log_json else structlog.dev.ConsoleRenderer()
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=chain,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, last],
    )
    handler = logging.StreamHandler()
    handler.setFormatter(formatter)
    logging.basicConfig(handlers=[handler], level=level, force=True)
    structlog.configure(
        processors=[*chain, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


class RequestLog:
    """ASGI middleware: one line a request with method, path, status and `duration_ms`.

    The query and the headers stay out: they may hold what a user typed.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and log how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answered = Answered(send)
        started = time.perf_counter()

        try:
            await self._app(scope, receive, answered.send)
        finally:
            duration_ms = round((time.perf_counter() - started) * 1000, 1)
            log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=answered.status,
                duration_ms=duration_ms,
            )
