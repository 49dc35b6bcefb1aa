"""The API from Python.

::

    with ConcordClient("http://127.0.0.1:8000") as concord:
        dataset = concord.upload_dataset(Path("rows.csv"), name="replies", criterion="It answers.")
        run = concord.start_run(dataset.id, strategy="joint")
        print(concord.wait(run).status)

Server-side refusals are `Refused`, with the problem's title, detail and rows.
"""

import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Literal, Self, TypeVar

from service.client_criteria import Assertions, Criteria
from service.client_errors import ClientError, Unreachable
from service.client_judges import Judges
from service.client_models import (
    AT_REST,
    AssertionRun,
    Dataset,
    Evaluation,
    Event,
    Job,
    Json,
    JudgedExample,
    Run,
)
from service.client_wire import ATTEMPTS, Wire, as_items, as_object, given, path_part

OnError = Literal["refuse", "skip"]
MarkKind = Literal["flag", "skip"]
BestFormat = Literal["json", "text", "messages", "dspy", "mlflow", "promptfoo"]
Cell = Literal["tp", "fp", "fn", "tn", "unparseable", "failure"]
Part = Literal["train", "dev", "test"]
AnyJob = TypeVar("AnyJob", Run, Evaluation, AssertionRun)
SomeJob = TypeVar("SomeJob", bound=Job)


class ConcordClient:
    """All of the API. `api_key` is one of the server's `CONCORD_API_KEYS`, where it has any.

    `timeout_s` bounds each wait for the server's next bytes, not a whole upload or a whole run.
    """

    def __init__(
        self, url: str = "http://127.0.0.1:8000", *, api_key: str | None = None, timeout_s: float = 60.0
    ) -> None:
        self._wire = Wire(url, api_key=api_key, timeout_s=timeout_s)
        self.judges = Judges(self._wire)
        self.criteria = Criteria(self._wire)
        self.assertions = Assertions(self._wire)
        self.url = url

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the connections."""
        self._wire.close()

    # --- datasets -----------------------------------------------------------------------------------

    def upload_dataset(
        self,
        file: Path | BinaryIO,
        *,
        name: str,
        criterion: str | None = None,
        label_mapping: Mapping[str, str] | None = None,
        columns: Json | None = None,
        split: Mapping[str, float] | None = None,
        on_error: OnError = "refuse",
        filename: str | None = None,
    ) -> Dataset:
        """Make a dataset of a CSV, JSONL or Parquet file. `columns` maps our names to the file's;
        `criterion` may be left to the file's own column.

        Raises: Refused, with the refused rows as `problems`; nothing is stored then.
        """
        fields = _as_fields(label_mapping=label_mapping, columns=columns, split=split)
        fields |= given(name=name, criterion=criterion, on_error=on_error)
        return Dataset.model_validate(self._upload("datasets", fields, file, filename))

    def _upload(
        self, path: str, fields: Mapping[str, str], file: Path | BinaryIO, filename: str | None
    ) -> dict[str, Any]:
        if isinstance(file, Path):
            with file.open("rb") as opened:
                return self._upload(path, fields, opened, filename or file.name)
        files = {"file": (filename or "rows.csv", file)}
        return as_object(self._wire.send("POST", path, data=fields, files=files))

    def inspect_file(
        self,
        file: Path | BinaryIO,
        *,
        label_mapping: Mapping[str, str] | None = None,
        columns: Json | None = None,
        filename: str | None = None,
    ) -> dict[str, Any]:
        """How a file would be understood: columns, first rows, labels, unusable rows. Nothing is stored.

        Raises: Refused, where nothing of it can be read.
        """
        fields = _as_fields(label_mapping=label_mapping, columns=columns)
        return self._upload("datasets/inspect", fields, file, filename)

    def create_example_dataset(self) -> Dataset:
        """Make a dataset of the example that ships with Concord."""
        return Dataset.model_validate(self._wire.post("datasets/example"))

    def create_dataset(
        self,
        *,
        name: str,
        criterion: str,
        examples: Iterable[Json],
        label_mapping: Mapping[str, str] | None = None,
        split: Mapping[str, float] | None = None,
    ) -> Dataset:
        """Make a dataset of rows `{id, input, output, label?, critique?, group?, labels?}`."""
        body = given(
            name=name,
            criterion=criterion,
            examples=list(examples),
            label_mapping=label_mapping,
            split=split,
        )
        return Dataset.model_validate(self._wire.send("POST", "datasets", json=body).json())

    def datasets(self) -> Iterator[Dataset]:
        """All datasets, page by page."""
        return map(Dataset.model_validate, self._wire.pages("datasets"))

    def dataset(self, dataset_id: str) -> Dataset:
        """One dataset with its counts."""
        return Dataset.model_validate(self._wire.get(f"datasets/{dataset_id}"))

    def examples(self, dataset_id: str, **filters: str | bool) -> Iterator[dict[str, Any]]:
        """A dataset's rows; filters: `labelled`, `label`, `disagrees_with` (an evaluation's id), `marked`.
        `annotator` with `blind` hides what others and judges say until that person has labelled a row."""
        return self._wire.pages(f"datasets/{dataset_id}/examples", filters)

    def worklist(self, dataset_id: str, annotator: str, **options: str | int) -> dict[str, Any]:
        """All rows in the order in which a person works through them, without their texts. Options: order
        (`given`, `random`, `disagreement`, `evalgen`, `uncertain`), seed."""
        params = {"annotator": annotator, **options}
        return as_object(self._wire.send("GET", f"datasets/{dataset_id}/worklist", params=params))

    def example(self, dataset_id: str, example_id: str) -> dict[str, Any]:
        """One row with the history of its labels."""
        return self._wire.get(f"datasets/{dataset_id}/examples/{path_part(example_id)}")

    def append_examples(
        self, dataset_id: str, examples: Iterable[Json], *, on_error: OnError = "refuse"
    ) -> Dataset:
        """Add rows `{id?, input, output, label?, ...}`."""
        body = {"examples": list(examples), "on_error": on_error}
        return Dataset.model_validate(self._wire.post(f"datasets/{dataset_id}/examples", body))

    def append_file(
        self,
        dataset_id: str,
        file: Path | BinaryIO,
        *,
        columns: Json | None = None,
        on_error: OnError = "refuse",
        filename: str | None = None,
    ) -> Dataset:
        """Add the rows of a file."""
        fields = _as_fields(columns=columns) | {"on_error": on_error}
        return Dataset.model_validate(self._upload(f"datasets/{dataset_id}/examples", fields, file, filename))

    def change_dataset(self, dataset_id: str, **changes: Any) -> Dataset:
        """Change `name`, `criterion` or, before the first run, `split`."""
        return Dataset.model_validate(self._wire.send("PATCH", f"datasets/{dataset_id}", json=changes).json())

    def delete_dataset(self, dataset_id: str) -> dict[str, Any]:
        """Delete a dataset with all that belongs to it; what was removed."""
        removed: dict[str, Any] = self._wire.send("DELETE", f"datasets/{dataset_id}").json()
        return removed

    def put_label(
        self, dataset_id: str, example_id: str, annotator: str, *, label: str, **details: Any
    ) -> dict[str, Any]:
        """Set one person's label (`pass` or `fail`) on one row; sending it again changes nothing.
        Details: critique, picked_by, adjudicates.
        """
        path = _path_of("labels", dataset_id, example_id, annotator)
        return as_object(self._wire.send("PUT", path, json=given(label=label, **details)))

    def withdraw_label(self, dataset_id: str, example_id: str, annotator: str) -> dict[str, Any]:
        """Take a label back; the history keeps it."""
        path = _path_of("labels", dataset_id, example_id, annotator)
        return as_object(self._wire.send("DELETE", path))

    def put_mark(
        self, dataset_id: str, example_id: str, annotator: str, *, kind: MarkKind, note: str | None = None
    ) -> dict[str, Any]:
        """Flag a row for somebody to look at, or skip it; each person has one mark on a row."""
        path = _path_of("marks", dataset_id, example_id, annotator)
        return as_object(self._wire.send("PUT", path, json=given(kind=kind, note=note)))

    def remove_mark(self, dataset_id: str, example_id: str, annotator: str) -> None:
        """Take a person's mark off a row, if there is one."""
        self._wire.send("DELETE", _path_of("marks", dataset_id, example_id, annotator))

    def export_dataset(self, dataset_id: str, format: Literal["csv", "jsonl"] = "csv") -> Iterator[bytes]:  # noqa: A002  # the API's word
        """The rows with their labels, in pieces."""
        return self._wire.pieces(f"datasets/{dataset_id}/export", {"format": format})

    def dataset_best(self, dataset_id: str, format: BestFormat = "json") -> str:  # noqa: A002  # the API's word
        """The best judge over the dataset's runs, as text."""
        return self._wire.send("GET", f"datasets/{dataset_id}/best", params={"format": format}).text

    # --- evaluations --------------------------------------------------------------------------------

    def start_evaluation(
        self, dataset_id: str, judge: Json, *, idempotency_key: str | None = None, **options: Any
    ) -> Evaluation:
        """Let a judge (`{model?, instruction | prompt | artifact | run_id}`) decide the dataset's rows.
        Options: rows (`labelled` or `all`), spend_cap, force.
        """
        body = given(dataset_id=dataset_id, judge=judge, **options)
        return Evaluation.model_validate(self._start("evaluations", body, idempotency_key))

    def evaluations(self, dataset_id: str | None = None) -> Iterator[Evaluation]:
        """Evaluations, newest first."""
        return map(Evaluation.model_validate, self._wire.pages("evaluations", given(dataset_id=dataset_id)))

    def evaluation(self, evaluation_id: str) -> Evaluation:
        """Its state and, at the end, its agreement."""
        return Evaluation.model_validate(self._wire.get(f"evaluations/{evaluation_id}"))

    def agreement(self, evaluation_id: str, *, part: Part | None = None) -> dict[str, Any]:
        """The alignment card of the rows judged so far, or those of one part, with people's labels of now."""
        found = self._wire.send("GET", f"evaluations/{evaluation_id}/agreement", params=given(part=part))
        return as_object(found)

    def verdicts(
        self, evaluation_id: str, *, agrees: bool | None = None, cell: Cell | None = None
    ) -> Iterator[dict[str, Any]]:
        """One line for each judged row; `agrees` picks those with, or against, people's label of now, `cell`
        those of one cell of the confusion table (fail is the positive class)."""
        return self._wire.pages(f"evaluations/{evaluation_id}/verdicts", given(agrees=agrees, cell=cell))

    def _start(self, resource: str, body: Json, idempotency_key: str | None) -> dict[str, Any]:
        headers = {"idempotency-key": idempotency_key or uuid.uuid4().hex}
        return as_object(self._wire.send("POST", resource, json=body, headers=headers))

    # --- runs ---------------------------------------------------------------------------------------

    def start_run(self, dataset_id: str, *, idempotency_key: str | None = None, **options: Any) -> Run:
        """Queue an optimization. One key starts one run, however often it is sent.

        Options: strategy, model, api_base, proposer_model, proposer_api_base, instruction, baseline, seed,
        budget, spend_cap, options (the strategy's), max_age_s, from_earlier_runs, force.
        """
        body = given(dataset_id=dataset_id, **options)
        return Run.model_validate(self._start("runs", body, idempotency_key))

    def estimate_run(self, dataset_id: str, **options: Any) -> dict[str, Any]:
        """Calls, tokens, cost and time before anything is spent; options as in `start_run`."""
        return self._wire.post("runs/estimate", given(dataset_id=dataset_id, **options))

    def runs(self, dataset_id: str | None = None) -> Iterator[Run]:
        """Runs, newest first."""
        return map(Run.model_validate, self._wire.pages("runs", given(dataset_id=dataset_id)))

    def run(self, run_id: str) -> Run:
        """Its status, progress, best so far and spend."""
        return Run.model_validate(self._wire.get(f"runs/{run_id}"))

    def trials(self, run_id: str) -> Iterator[dict[str, Any]]:
        """The run's candidates, measured on dev."""
        return self._wire.pages(f"runs/{run_id}/trials")

    def compare_runs(self, a: str, b: str) -> dict[str, Any]:
        """Two runs side by side: how their winners differ on the test rows that both have measured."""
        return as_object(self._wire.send("GET", "runs/compare", params={"a": a, "b": b}))

    def cancel(self, job: AnyJob) -> AnyJob:
        """End it; what was answered is kept."""
        return self._order(job, "cancel")

    def pause(self, job: AnyJob) -> AnyJob:
        """Let it wait."""
        return self._order(job, "pause")

    def resume(self, job: AnyJob, *, spend_cap: Json | None = None) -> AnyJob:
        """Go on; only what was in flight is paid again. `spend_cap` replaces a run's cap."""
        return self._order(job, "resume", {"spend_cap": spend_cap} if spend_cap else None)

    def retry(self, job: AnyJob) -> AnyJob:
        """Begin a failed or cancelled run anew; what was answered is not paid again."""
        return self._order(job, "retry")

    def _order(self, job: AnyJob, order: str, body: Json | None = None) -> AnyJob:
        found = self._wire.post(f"{job.resource}/{job.id}/{order}", body)
        return type(job).model_validate(found)

    def best(self, run_id: str, format: BestFormat = "json") -> str:  # noqa: A002  # the API's word
        """The winning judge as text in one of the forms."""
        return self._wire.send("GET", f"runs/{run_id}/best", params={"format": format}).text

    def report(self, run_id: str) -> dict[str, Any]:
        """The evidence, with the keys of the report."""
        return self._wire.get(f"runs/{run_id}/report")

    def report_markdown(self, run_id: str) -> str:
        """The evidence as a person reads it."""
        return self._wire.send("GET", f"runs/{run_id}/report", params={"format": "markdown"}).text

    def judge(self, run_id: str, examples: Iterable[Json]) -> tuple[JudgedExample, ...]:
        """Verdicts of the run's best judge on `{input, output}` rows, in their order."""
        found = self._wire.post(f"runs/{run_id}/judge", {"examples": list(examples)})
        return tuple(JudgedExample.model_validate(verdict) for verdict in found["verdicts"])

    # --- long work ----------------------------------------------------------------------------------

    def events(self, job: Job, after: str | None = None) -> Iterator[Event]:
        """What happens in a run or evaluation, live, after the event `after`, until it is at rest.

        A stream that breaks is taken up where it was. Earlier pauses are told too.
        """
        failures = 0
        while True:
            try:
                for event in self._wire.events(f"{job.resource}/{job.id}/events", after):
                    failures, after = 0, event.id or after
                    yield event
                    if event.kind == "status" and event.data["status"] in AT_REST and self._is_at_rest(job):
                        return
            except Unreachable:
                failures += 1
                if failures == ATTEMPTS:
                    raise
                time.sleep(0.5 * failures)
            else:
                if self._is_at_rest(job):
                    return

    def _is_at_rest(self, job: Job) -> bool:
        return self._wire.get(f"{job.resource}/{job.id}")["status"] in AT_REST

    def again(self, job: SomeJob) -> SomeJob:
        """The job as it is now."""
        return type(job).model_validate(self._wire.get(f"{job.resource}/{job.id}"))

    def wait(
        self,
        job: AnyJob,
        *,
        timeout_s: float | None = None,
        on_change: Callable[[AnyJob], None] | None = None,
    ) -> AnyJob:
        """Ask again and again until a run or evaluation is at rest; `on_change` sees each answer.

        Raises: TimeoutError, after `timeout_s` seconds; the work itself goes on.
        """
        deadline = None if timeout_s is None else time.monotonic() + timeout_s
        pause_s = 0.1
        while True:
            job = self.again(job)
            if on_change is not None:
                on_change(job)
            if job.at_rest:
                return job
            if deadline is not None and time.monotonic() > deadline:
                raise TimeoutError(f"{job.id} is still {job.status} after {timeout_s:g} s")
            time.sleep(pause_s)
            pause_s = min(2.0, pause_s * 1.3)

    # --- the service --------------------------------------------------------------------------------

    def strategies(self) -> list[dict[str, Any]]:
        """The strategies, each with a sentence and its options."""
        return as_items(self._wire.send("GET", "strategies").json())

    def formats(self) -> list[dict[str, Any]]:
        """The forms in which `best` gives a judge, each with a sentence."""
        return as_items(self._wire.send("GET", "formats").json())

    def models(self) -> dict[str, Any]:
        """The models of requests that name none, and what else can be named."""
        return self._wire.get("models")

    def health(self) -> dict[str, Any]:
        """The server answers."""
        return self._wire.get("health")

    def ready(self) -> bool:
        """Whether the server can work."""
        try:
            self._wire.send("GET", "ready")
        except ClientError:
            return False
        return True


def _path_of(what: str, dataset_id: str, example_id: str, annotator: str) -> str:
    return f"datasets/{dataset_id}/examples/{path_part(example_id)}/{what}/{path_part(annotator)}"


def _as_fields(**objects: Mapping[str, Any] | None) -> dict[str, str]:
    """Objects as a form sends them; empty ones are left out."""
    return {name: json.dumps(dict(value)) for name, value in objects.items() if value}
