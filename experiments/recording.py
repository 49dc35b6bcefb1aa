"""Keeps the record of a run as it goes: an observer that tracking can be fed from at any time."""

import json

from experiments.runner import RunResult
from experiments.spec import RunSpec, judge_decoding
from experiments.tracking.record import (
    JudgedRow,
    PromptRecord,
    RunRecord,
    TrialRecord,
    dataset_info,
    flat_configuration,
    judged_rows,
    trial_record,
)
from optimizers.artifact import Artifact
from optimizers.calls import Check
from optimizers.errors import InvalidInput
from optimizers.export import export
from optimizers.rendering import calls_of
from optimizers.template import PromptTemplate
from optimizers.types import Candidate, Decoding, ModelRef, Part, Snapshot, Trial, Usage

_FILES = {"artifact.json": "json", "dspy.json": "dspy", "messages.json": "messages", "prompt.txt": "text"}
"""Files of a record, and the export that each is."""


class RunRecorder:
    """An observer of one run. `started_at` is a POSIX time in seconds; `source_url` is where the
    dataset can be fetched.

    The same trials, told again by a run that is replayed, replace themselves.
    """

    def __init__(
        self, spec: RunSpec, snapshot: Snapshot, *, started_at: float, source_url: str | None = None
    ) -> None:
        self._spec, self._snapshot = spec, snapshot
        self._started_at = started_at
        self._dataset = dataset_info(snapshot, source_url)
        self._trials: dict[int, TrialRecord] = {}

    def trial(self, trial: Trial) -> None:
        """Keep a trial with its interval, its prompt and its verdicts."""
        before = [known.usage.calls for number, known in self._trials.items() if number < trial.number]
        self._trials[trial.number] = trial_record(
            trial,
            self._snapshot.part(Part.DEV),
            calls_so_far=sum(before) + trial.usage.calls,
            prompt=self._prompt(trial.candidate),
        )

    def progress(self, phase: str, done: int, total: int, usage: Usage) -> None:
        """Progress is not recorded."""

    def record(
        self,
        status: str,
        *,
        ended_at: float | None = None,
        result: RunResult | None = None,
        error: str | None = None,
    ) -> RunRecord:
        """The record so far; `status` is one of the run's, `result` what it found, if it did."""
        trials = tuple(self._trials[number] for number in sorted(self._trials))
        return RunRecord(
            run_id=self._spec.run_id,
            status=status,
            dataset=self._dataset,
            configuration=flat_configuration(self._spec),
            started_at=self._started_at,
            ended_at=ended_at,
            trials=trials,
            report=result.report if result else None,
            prompt=prompt_record(result.artifact) if result else None,
            artifact_digest=result.artifact.digest if result else None,
            files=artifact_files(result.artifact) if result else {},
            test_rows=self._test_rows(result) if result else (),
            error=error,
        )

    def _test_rows(self, result: RunResult) -> tuple[JudgedRow, ...]:
        if result.test_baseline is None or result.test_best is None:
            return ()
        rows = self._snapshot.part(Part.TEST)
        best = judged_rows("best", Part.TEST, rows, result.test_best)
        if result.test_baseline.candidate_id == result.test_best.candidate_id:
            return best
        return (*judged_rows("baseline", Part.TEST, rows, result.test_baseline), *best)

    def _prompt(self, candidate: Candidate) -> str:
        decoding = self._spec.decoding or judge_decoding(self._spec.model)
        return prompt_text(candidate, self._snapshot.criterion, decoding)


def prompt_text(candidate: Candidate, criterion: str, decoding: Decoding) -> str:
    """What a candidate asks, as a person reads it; of a set each prompt and check under its criterion."""
    calls = calls_of(candidate, criterion, ModelRef(name=""), decoding)
    texts = [call.expression if isinstance(call, Check) else template_text(call.template) for call in calls]
    if not candidate.assertions:
        return texts[0]
    return "\n\n".join(f"=== {call.criterion} ===\n{text}" for call, text in zip(calls, texts, strict=True))


def template_text(template: PromptTemplate) -> str:
    """A prompt as a person reads it: each message under its role."""
    return "\n\n".join(f"--- {message.role} ---\n{message.content}" for message in template.messages)


def artifact_files(artifact: Artifact) -> dict[str, str]:
    """The artifact in the forms that are kept beside a run; a form that cannot hold it is left out."""
    files = {}
    for name, form in _FILES.items():
        try:
            files[name] = export(artifact, form).text
        except InvalidInput:  # a verbatim prompt, and a set, has no DSPy form
            continue
    return files


def prompt_record(artifact: Artifact) -> PromptRecord | None:
    """The artifact as MLflow's prompt registry takes it; `None` for a judge of several prompts."""
    try:
        arguments = json.loads(export(artifact, "mlflow").text)
    except InvalidInput:
        return None
    return PromptRecord(
        template=tuple(arguments["template"]),
        response_format=arguments.get("response_format"),
        model_config=arguments["model_config"],
    )
