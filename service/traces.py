"""OpenTelemetry traces, where the usual variables name a receiver, and only then.

Spans are made for a job, its phases, and each request of the API. They hold ids, counts and states:
never a prompt, a row or a key. The provider is our own and not the process's: what libraries would
trace (prompts, perhaps) has no way out through it.
"""

import os
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span, Tracer

ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
LAST_WORDS_S = 3.0
"""How long an ending process waits for its receiver to take the last spans."""

Attributes = Mapping[str, str | int | float | bool]

_tracers: "list[Tracer]" = []
"""The process's own; empty where nobody asked for traces."""


def wanted(environ: Mapping[str, str] = os.environ) -> bool:
    """Whether the environment names a receiver and does not say otherwise."""
    if environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return False
    if environ.get("OTEL_TRACES_EXPORTER", "otlp").strip().lower() != "otlp":
        return False
    return any(environ.get(name, "").strip() for name in ENDPOINTS)


@contextmanager
def tracing(part: str) -> Iterator[None]:
    """Trace this process, if that is wanted, until the block ends. `part` is `api` or `worker`."""
    if not wanted():
        yield
        return
    provider = _provider(part)
    _tracers[:] = [provider.get_tracer("concord")]
    try:
        yield
    finally:
        _tracers.clear()
        last = threading.Thread(target=provider.shutdown, name="traces", daemon=True)
        last.start()
        last.join(LAST_WORDS_S)


def _provider(part: str) -> "TracerProvider":
    # Loaded by those who ask for traces alone.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    named = "OTEL_SERVICE_NAME" in os.environ
    resource = Resource.create({} if named else {"service.name": f"concord-{part}"})
    provider = TracerProvider(resource=resource, shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return provider


# --- requests ---------------------------------------------------------------------------------------


@contextmanager
def request(method: str) -> Iterator[Callable[[str, int], None]]:
    """A request's span. What the block gets is called with the route's template and the status."""
    if not _tracers:
        yield lambda _route, _status: None
        return
    with _tracers[0].start_as_current_span(method, record_exception=False) as span:

        def ended(route: str, status: int) -> None:
            span.update_name(f"{method} {route}")
            span.set_attributes(
                {"http.request.method": method, "http.route": route, "http.response.status_code": status}
            )

        yield ended


# --- jobs -------------------------------------------------------------------------------------------


class JobSpan:
    """One attempt at a job. Any thread may enter a phase; entering one leaves the last."""

    def __init__(self, name: str, attributes: Attributes) -> None:
        self._lock = threading.Lock()
        self._tracer = _tracers[0] if _tracers else None
        self._span: Span | None = None
        self._context: Context | None = None
        self._phase: tuple[str, Span] | None = None
        if self._tracer is not None:
            from opentelemetry.trace import set_span_in_context  # noqa: PLC0415  # as above

            self._span = self._tracer.start_span(name, attributes=dict(attributes))
            self._context = set_span_in_context(self._span)

    def phase(self, name: str) -> None:
        """The job is at `name` now."""
        if self._tracer is None:
            return
        with self._lock:
            if self._span is None or (self._phase is not None and self._phase[0] == name):
                return
            self._leave_phase()
            self._phase = name, self._tracer.start_span(f"phase {name}", context=self._context)

    def end(self, attributes: Attributes) -> None:
        """The attempt has ended."""
        with self._lock:
            self._leave_phase()
            if self._span is not None:
                self._span.set_attributes(dict(attributes))
                self._span.end()
                self._span = None

    def _leave_phase(self) -> None:
        if self._phase is not None:
            self._phase[1].end()
            self._phase = None
