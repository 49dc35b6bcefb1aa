"""DSPy's optimizers on the workbench: what they evaluate is measured by us, what they find is harvested.

A program that DSPy wants to score is turned into a candidate and evaluated through the workbench: the
same prompt byte for byte, every outcome typed, the budget required before each batch, nothing asked
twice. DSPy gets back a row metric, since its optimizers average rows: a class-balanced surrogate. The
proposals, the bootstrapping and the search itself stay DSPy's and make their calls through the gateway.

Dev is their validation set, as it is every strategy's: it selects. Train is what they learn from; its
rows that overlap dev are left out. No text of a dev row reaches a proposer.
"""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import dspy

from optimizers.errors import RunFailed
from optimizers.judge import JudgeProgram, candidate_of, dspy_example
from optimizers.strategies.answers import sendable
from optimizers.strategies.demonstrations import eligible
from optimizers.strategies.quiet import quiet
from optimizers.types import Candidate, Evaluation, Label, LabelledExample, Outcome, Trial, Verdict
from optimizers.workbench import Workbench

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class RowScore:
    """The class-balanced surrogate of kappa for one row, in [0, 1], higher is better.

    A right verdict scores 1, no verdict 0, and a wrong one 1 - w, where w is 1 in the rarer class and
    smaller in the other, by the ratio of their sizes. Its mean over the rows is, but for missing
    verdicts, a linear function of balanced accuracy: a judge that passes everything gains nothing.
    """

    cost: dict[Label, float]

    @classmethod
    def of(cls, rows: Sequence[LabelledExample]) -> "RowScore":
        """Weighted by the class sizes in `rows`."""
        sizes = {label: sum(row.label is label for row in rows) for label in Label}
        rarer = min((size for size in sizes.values() if size), default=1)
        return cls(cost={label: rarer / size if size else 1.0 for label, size in sizes.items()})

    def __call__(self, truth: Label, judged: Label | None) -> float:
        """The score of one verdict."""
        if judged is None:
            return 0.0
        return 1.0 if judged is truth else 1.0 - self.cost[truth]


def carried(work: Callable[[], T]) -> T:
    """`work()`, its exceptions carried past DSPy, which turns those of an evaluation into a score of zero."""
    try:
        return work()
    except Exception as error:
        raise RunFailed(error) from error


@contextlib.contextmanager
def dspy_run(bench: Workbench) -> Iterator[None]:
    """DSPy's settings for one run in this thread: our models, no history, no second tries, no noise."""
    adapter = dspy.ChatAdapter(use_json_adapter_fallback=False)
    try:
        with quiet(), dspy.context(lm=bench.judge_lm(), adapter=adapter, disable_history=True, trace=None):
            yield
    except RunFailed as stop:
        raise stop.error from stop


class DspyBench:
    """The workbench as DSPy's optimizers meet it."""

    def __init__(self, bench: Workbench, name: str) -> None:
        self.bench = bench
        self.name = name
        self.score = RowScore.of(bench.problem.dev)
        self.train = eligible(bench.problem)
        self.valset = validation(bench.problem.dev)
        self._rows = {row.id: row for row in (*bench.problem.train, *bench.problem.dev)}
        self._seen: dict[str, Candidate] = {}

    def candidate(self, program: JudgeProgram) -> Candidate:
        """The program as a candidate; remembered, so that it can be chosen by kappa."""
        raw = candidate_of(program, self.train)
        candidate = raw.with_(
            instruction=sendable(raw.instruction),
            demonstrations=tuple(
                replace(d, rationale=sendable(d.rationale or "") or None) for d in raw.demonstrations
            ),
        )
        self._seen.setdefault(candidate.id, candidate)
        return candidate

    def outcomes(self, program: JudgeProgram, examples: Sequence[dspy.Example]) -> list[Outcome]:
        """The outcomes of `examples`, one by one; a candidate that has seen all of dev gets its trial."""
        candidate = self.candidate(program)
        rows = [self._rows[example["example_id"]] for example in examples]
        found = carried(lambda: self.bench.evaluate(candidate, rows))
        if self.bench.missing(candidate) == 0:
            self.bench.measure(candidate, parent=self.bench.problem.baseline, origin=self.name)
        return [found.outcomes[row.id] for row in rows]

    def missing(self, program: JudgeProgram, examples: Sequence[dspy.Example]) -> int:
        """How many calls it takes to evaluate the program on `examples`."""
        return self.bench.missing(self.candidate(program), [self._rows[e["example_id"]] for e in examples])

    def row_score(self, example: dspy.Example, outcome: Outcome) -> float:
        """The surrogate for one outcome of an example."""
        return self.score(Label(example["verdict"]), outcome.label if isinstance(outcome, Verdict) else None)

    def metric(self, example: dspy.Example, prediction: dspy.Prediction, *_: object) -> float:
        """The surrogate for a prediction that DSPy itself has made."""
        return self.score(Label(example["verdict"]), Label(prediction["verdict"]))

    def finish(self) -> tuple[Trial, ...]:
        """Choose again by kappa: complete the most promising of the rest while the budget lasts.

        What remains incomplete is recorded as such, if it has seen any row of dev.
        """
        open_ = [c for c in self._seen.values() if self.bench.trial_of(c) is None]
        for candidate in sorted(open_, key=self._promise, reverse=True):
            if self.bench.affordable(self.bench.missing(candidate)):
                self.bench.measure(candidate, parent=self.bench.problem.baseline, origin=self.name)
            elif self._seen_rows(candidate):
                self.bench.record(candidate, parent=self.bench.problem.baseline, origin=self.name)
        return self.bench.trials

    def _seen_rows(self, candidate: Candidate) -> int:
        return len(self.bench.problem.dev) - self.bench.missing(candidate)

    def _promise(self, candidate: Candidate) -> float:
        """The mean surrogate on the rows of dev that it has seen; 0 for none."""
        known: Evaluation = self.bench.known(candidate)
        scores = [
            self.score(row.label, known.judged([row.id])[0])
            for row in self.bench.problem.dev
            if row.id in known.outcomes
        ]
        return sum(scores) / len(scores) if scores else 0.0


def training(rows: Sequence[LabelledExample]) -> list[dspy.Example]:
    """Train rows as DSPy's optimizers take them: a person's critique stands for the judge's rationale."""
    return [
        dspy_example(row).copy(rationale=row.critique) if row.critique else dspy_example(row) for row in rows
    ]


def validation(rows: Sequence[LabelledExample]) -> list[dspy.Example]:
    """Dev rows as a validation set, without critiques: nothing in it is to be reflected on."""
    return [dspy_example(row).without("critique") for row in rows]
