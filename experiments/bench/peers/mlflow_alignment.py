"""MLflow's judge alignment with its default optimizer (MemAlign in 3.17).

Its judge is MLflow's own; the instruction says what the baseline of all others says. Rows become
traces with a person's assessment and critique, train and dev together, since it selects nothing. It
distils guidelines, and shows rows like the one in hand to the judge, by embeddings.
"""

import base64
import hashlib
import json
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Literal

import mlflow
from mlflow.entities import (
    AssessmentSource,
    Feedback,
    Span,
    Trace,
    TraceData,
    TraceInfo,
    TraceLocation,
    TraceState,
)
from mlflow.genai.judges import make_judge

from experiments.bench.peers.program import fresh_memory
from experiments.bench.task import Found, Task
from optimizers.strategies.quiet import quiet
from optimizers.types import Example, Label, LabelledExample
from optimizers.wording import CRITERION_HEADING, DEFAULT_INSTRUCTION

_NAME = "verdict"
_PERSON = AssessmentSource(source_type="HUMAN", source_id="person")


def find(task: Task) -> Found:
    """Align a judge on traces in a throwaway store."""
    with _mlflow_of(task):
        judge = make_judge(
            name=_NAME,
            instructions=(
                f"{DEFAULT_INSTRUCTION}\n\n{CRITERION_HEADING}\n{task.criterion}\n\n"
                "Task input: {{ inputs }}\nTask output: {{ outputs }}"
            ),
            model=_uri(task.model.name),
            feedback_value_type=Literal["pass", "fail"],
            base_url=f"{task.model.api_base}/chat/completions" if task.model.api_base else None,
            inference_params={"temperature": 0.0},
        )
        aligned = judge.align(traces=[_trace(row) for row in (*task.train, *task.dev)])

    def label(row: Example) -> Label | None:
        try:
            return Label(aligned(inputs=row.input, outputs=row.output).feedback.value)
        except Exception:
            return None  # an answer that cannot be read is no verdict

    def judged(rows: Sequence[Example]) -> list[Label | None]:
        with _mlflow_of(task), ThreadPoolExecutor(task.threads) as pool:
            return list(pool.map(label, rows))

    return judged


def _uri(model: str) -> str:
    """`openai:/simulated` for `openai/simulated`."""
    provider, _, name = model.partition("/")
    return f"{provider}:/{name}"


def _trace(row: LabelledExample) -> Trace:
    """The row as a trace with a person's assessment, as it would come from a store (where writing takes
    a tenth of a second a trace)."""
    number = int.from_bytes(hashlib.blake2b(row.id.encode(), digest_size=15).digest()) + 1
    trace_id = f"tr-{number:032x}"
    span: dict[str, Any] = {
        "trace_id": base64.b64encode(number.to_bytes(16)).decode(),
        "span_id": base64.b64encode(number.to_bytes(16)[-8:]).decode(),
        "parent_span_id": None,
        "name": "row",
        "start_time_unix_nano": 1,
        "end_time_unix_nano": 2,
        "events": [],
        "status": {"code": "STATUS_CODE_OK", "message": ""},
        "attributes": {
            "mlflow.traceRequestId": json.dumps(trace_id),
            "mlflow.spanInputs": json.dumps(row.example.input),
            "mlflow.spanOutputs": json.dumps(row.example.output),
        },
    }
    said = Feedback(
        name=_NAME, value=row.label.value, rationale=row.critique, source=_PERSON, trace_id=trace_id
    )
    info = TraceInfo(
        trace_id=trace_id,
        trace_location=TraceLocation.from_experiment_id("0"),
        request_time=1,
        execution_duration=1,
        state=TraceState.OK,
        assessments=[said],
    )
    return Trace(info=info, data=TraceData(spans=[Span.from_dict(span)]))


@contextmanager
def _mlflow_of(task: Task) -> Iterator[None]:
    """MLflow with a store of its own, and its default models at the task's address."""
    for name in ("mlflow", "dspy", "LiteLLM"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    before = mlflow.get_tracking_uri()
    with quiet(), fresh_memory(), _environment(_settings(task)):
        mlflow.set_tracking_uri(f"sqlite:///{task.folder / 'mlflow.db'}")
        try:
            yield
        finally:
            mlflow.set_tracking_uri(before)


def _settings(task: Task) -> Mapping[str, str]:
    """What MLflow and the clients below it read: the default judge is what reflects as well."""
    found = {"MLFLOW_GENAI_JUDGE_DEFAULT_MODEL": _uri(task.proposer.name)}
    if task.model.api_base:
        found |= {"OPENAI_API_BASE": task.model.api_base, "OPENAI_BASE_URL": task.model.api_base}
    if task.simulated:
        found["OPENAI_API_KEY"] = "none"
    return found


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    before: dict[str, Any] = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
