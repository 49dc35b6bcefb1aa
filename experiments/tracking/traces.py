"""The final test as MLflow traces: one for each judgement, with a person's label and the judge's.

Written afterwards from the record, in one request for all spans and one for each trace. Ids are made
from the run's, so that writing twice changes nothing.
"""

import base64
import hashlib
import json
from collections.abc import Iterable

from mlflow import MlflowClient
from mlflow.entities import AssessmentSource, AssessmentSourceType, Feedback, Span, TraceInfo, TraceState
from mlflow.entities.trace_location import TraceLocation
from mlflow.tracing.client import TracingClient
from mlflow.tracing.constant import SpanAttributeKey, TraceMetadataKey, TraceTagKey

from experiments.tracking.record import JudgedRow, RunRecord

MOST_ROWS = 300
"""Rows a judge beyond which the verdict table alone tells: a trace takes MLflow some milliseconds."""

ASSESSMENT = "verdict"
_NANOSECONDS = 1_000_000


def write_traces(client: MlflowClient, experiment_id: str, run_id: str, record: RunRecord) -> None:
    """Write the traces of the baseline's and the winner's judgements on test."""
    rows = list(_first(record.test_rows))
    if not rows:
        return
    tracing = TracingClient(client.tracking_uri)
    time_ms = int(record.started_at * 1_000)
    for row in rows:
        tracing.start_trace(_trace(row, experiment_id, run_id, time_ms, record))
    tracing.log_spans(experiment_id, [_span(row, record.run_id, time_ms) for row in rows])


def _first(rows: Iterable[JudgedRow]) -> Iterable[JudgedRow]:
    counts: dict[str, int] = {}
    for row in rows:
        counts[row.judge] = counts.get(row.judge, 0) + 1
        if counts[row.judge] <= MOST_ROWS:
            yield row


def _hex(row: JudgedRow, run_id: str, what: str, digits: int) -> str:
    return hashlib.sha256(f"{run_id}/{row.judge}/{row.example_id}/{what}".encode()).hexdigest()[:digits]


def _trace(row: JudgedRow, experiment_id: str, run_id: str, time_ms: int, record: RunRecord) -> TraceInfo:
    return TraceInfo(
        trace_id=f"tr-{_hex(row, record.run_id, 'trace', 32)}",
        trace_location=TraceLocation.from_experiment_id(experiment_id),
        request_time=time_ms,
        execution_duration=0,
        state=TraceState.OK if row.failure is None else TraceState.ERROR,
        request_preview=row.output[:200],
        response_preview=row.verdict or row.failure,
        trace_metadata={TraceMetadataKey.SOURCE_RUN: run_id},
        tags={
            TraceTagKey.TRACE_NAME: f"{row.judge} judge",
            "concord.judge": row.judge,
            "concord.example_id": row.example_id,
        },
        assessments=list(_assessments(row, record)),
    )


def _assessments(row: JudgedRow, record: RunRecord) -> Iterable[Feedback]:
    people = AssessmentSource(source_type=AssessmentSourceType.HUMAN, source_id="label")
    yield _feedback(row, record, people, row.label, row.critique)
    if row.verdict is not None:
        model = str(record.configuration.get("model.name", "judge"))
        judge = AssessmentSource(
            source_type=AssessmentSourceType.LLM_JUDGE, source_id=f"{model}, {row.judge}"
        )
        yield _feedback(row, record, judge, row.verdict, row.rationale)


def _feedback(
    row: JudgedRow, record: RunRecord, source: AssessmentSource, value: str, rationale: str | None
) -> Feedback:
    time_ms = int(record.started_at * 1_000)
    feedback = Feedback(
        name=ASSESSMENT, value=value, source=source, rationale=rationale,
        create_time_ms=time_ms, last_update_time_ms=time_ms,
    )  # fmt: skip
    feedback.assessment_id = f"a-{_hex(row, record.run_id, source.source_type, 32)}"
    return feedback


def _span(row: JudgedRow, run_id: str, time_ms: int) -> Span:
    trace_id = _hex(row, run_id, "trace", 32)
    attributes = {
        SpanAttributeKey.REQUEST_ID: f"tr-{trace_id}",
        SpanAttributeKey.SPAN_TYPE: "EVALUATOR",
        SpanAttributeKey.INPUTS: {"input": row.input, "output": row.output},
        SpanAttributeKey.OUTPUTS: {
            "verdict": row.verdict,
            "rationale": row.rationale,
            "failure": row.failure,
        },
    }
    return Span.from_dict(
        {
            "trace_id": _base64(trace_id),
            "span_id": _base64(_hex(row, run_id, "span", 16)),
            "parent_span_id": None,
            "name": f"{row.judge} judge",
            "start_time_unix_nano": time_ms * _NANOSECONDS,
            "end_time_unix_nano": time_ms * _NANOSECONDS,
            "events": [],
            "status": {
                "code": "STATUS_CODE_OK" if row.failure is None else "STATUS_CODE_ERROR",
                "message": "",
            },
            "attributes": {name: json.dumps(value, ensure_ascii=False) for name, value in attributes.items()},
        }
    )


def _base64(hex_digits: str) -> str:
    return base64.b64encode(bytes.fromhex(hex_digits)).decode()
