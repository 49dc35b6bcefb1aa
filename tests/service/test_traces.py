"""Traces go to the receiver that the usual variables name, say nothing of texts, and go nowhere else."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from service import traces
from service.up import claim_port, own_command
from tests.service.runs.conftest import NOBODY

SECRET_TEXT = "the refund of Mrs Miller"


class Receiver:
    """A small OTLP/HTTP receiver."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def spans(self) -> dict[str, tuple[str, Span]]:
        """By name, each with its service."""
        found = {}
        for body in self.bodies:
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
                names = {a.key: a.value.string_value for a in resource.resource.attributes}
                for scope in resource.scope_spans:
                    found.update({span.name: (names["service.name"], span) for span in scope.spans})
        return found


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


@contextmanager
def _part(name: str, environment: dict[str, str]) -> Iterator[None]:
    process = subprocess.Popen(own_command(name), env={**os.environ, **environment}, cwd="/")
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=120)


def _judge_some_rows(api: str) -> str:
    rows = [
        {"id": str(n), "input": SECRET_TEXT, "output": f"{SECRET_TEXT} {n}", "label": ("pass", "fail")[n % 2]}
        for n in range(24)
    ]
    with httpx.Client(base_url=api, timeout=30) as client:
        deadline = time.monotonic() + 240
        while time.monotonic() < deadline:
            try:
                client.get("/health").raise_for_status()
                break
            except httpx.TransportError:
                time.sleep(0.1)
        body = {"name": "d", "criterion": "It helps.", "examples": rows}
        dataset = client.post("/datasets", json=body).json()["id"]
        job = client.post("/evaluations", json={"dataset_id": dataset}).json()["id"]
        while client.get(f"/evaluations/{job}").json()["status"] != "succeeded":
            assert time.monotonic() < deadline
            time.sleep(0.1)
    return str(job)


def test_jobs_phases_and_requests_are_traced_without_their_texts(tmp_path: Path, receiver: Receiver) -> None:
    port = claim_port("127.0.0.1", 0, "CONCORD_PORT", "the API")
    environment = {
        "CONCORD_HOME": str(tmp_path),
        "CONCORD_PORT": str(port),
        "CONCORD_MLFLOW_URI": NOBODY,
        "OTEL_EXPORTER_OTLP_ENDPOINT": receiver.url,
        "PYTHONPATH": str(Path(traces.__file__).parents[1]),
    }
    with _part("api", environment), _part("worker", environment):
        job = _judge_some_rows(f"http://127.0.0.1:{port}/api")
    spans = receiver.spans()
    service, span = spans["job evaluation"]
    assert service == "concord-worker"
    attributes = {a.key: a.value.string_value for a in span.attributes}
    assert attributes["concord.job_id"] == job
    assert attributes["concord.status"] == "succeeded"
    assert spans["phase judging"][1].parent_span_id == span.span_id
    assert spans["POST /api/evaluations"][0] == "concord-api"
    assert not [body for body in receiver.bodies if b"Miller" in body]


@pytest.mark.parametrize(
    ("environment", "is_wanted"),
    [
        ({}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://h"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_SDK_DISABLED": "true"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://h", "OTEL_TRACES_EXPORTER": "none"}, False),
    ],
)
def test_traces_are_made_only_where_the_environment_names_a_receiver(
    environment: dict[str, str], is_wanted: bool
) -> None:
    assert traces.wanted(environment) is is_wanted


def test_without_a_receiver_the_exporter_is_not_even_loaded(tmp_path: Path) -> None:
    program = (
        "import sys; from service import traces\n"
        "with traces.tracing('api'), traces.request('GET') as ended:\n"
        "    ended('/x', 200); traces.JobSpan('job', {}).phase('search')\n"
        "sys.exit('opentelemetry.exporter.otlp.proto.http.trace_exporter' in sys.modules)"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("OTEL_")}
    assert subprocess.run([sys.executable, "-c", program], env=environment, check=False).returncode == 0
