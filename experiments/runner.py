"""One optimization run, from a snapshot to an artifact with its report.

Baseline on dev, search, choice, final test, report, artifact: in this order, on one thread; model
calls run on the background loop. The result is a function of snapshot, configuration, seed and
ledger: a run that was cut off is simply run again, and pays only for what was in flight.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version

from experiments.evidence import Evidence, provenance_warning, reading_warnings, repeatability
from experiments.observers import Observers
from experiments.preflight import (
    earlier_warnings,
    label_warnings,
    overlap_warnings,
    require_budget,
    require_room,
)
from experiments.spec import RunSpec, judge_decoding, proposer_decoding
from optimizers.artifact import Artifact, artifact_of_calls
from optimizers.artifact_judge import judge_with
from optimizers.errors import BudgetExhausted, RunFailed
from optimizers.evaluate import Progress
from optimizers.kappa import human_agreement
from optimizers.lm.control import RunControl
from optimizers.lm.gateway import Gateway, Session
from optimizers.lm.loop import BackgroundLoop
from optimizers.overlap import apart
from optimizers.protocols import LanguageModel, Observer, Problem
from optimizers.rendering import calls_of, render
from optimizers.report import Repeatability, Report, Spend, TestReading, conclude, recommend
from optimizers.splits import split_warnings
from optimizers.strategies.registry import create
from optimizers.types import (
    Budget,
    Candidate,
    Evaluation,
    LabelledExample,
    ModelAnswer,
    ModelRequest,
    Part,
    Snapshot,
    Trial,
    Usage,
)
from optimizers.workbench import Workbench

REPEATED_ROWS = 20
"""Dev rows that the winner is asked about a second time, if the budget has room for them."""


@dataclass(frozen=True, kw_only=True)
class RunResult:
    """What a run found. The two evaluations are on the test rows; `None` without test rows."""

    report: Report
    artifact: Artifact
    trials: tuple[Trial, ...]
    best: Trial
    test_baseline: Evaluation | None
    test_best: Evaluation | None


def run_optimization(
    spec: RunSpec,
    snapshot: Snapshot,
    gateway: Gateway,
    loop: BackgroundLoop,
    observer: Observer | None = None,
    control: RunControl | None = None,
    *,
    clock: Callable[[], float] = time.monotonic,
) -> RunResult:
    """Run `spec` on `snapshot` to its end. `clock` gives seconds, for the report's `wall_s` alone.

    Raises:
        InvalidInput: a strategy, option, prompt or part that cannot work; NotEnoughLabels without
            `force`; BudgetTooSmall where baseline and final test do not fit. Nothing is spent then.
        AuthenticationFailed, ModelNotFound, RequestRejected, StorageFailed: no row can be judged.
        RunCancelled, RunPaused: the run was stopped. What was answered is in the ledger.
    """
    started = clock()
    run = _Run(spec, snapshot, gateway, loop, Observers(*([observer] if observer else [])), control)
    try:
        run.search()
        return run.conclude(lambda: clock() - started)
    except RunFailed as stop:
        raise stop.error from stop


class _Run:
    """The state of one run."""

    def __init__(
        self,
        spec: RunSpec,
        snapshot: Snapshot,
        gateway: Gateway,
        loop: BackgroundLoop,
        observer: Observer,
        control: RunControl | None,
    ) -> None:
        self.spec, self.snapshot, self.loop, self.observer = spec, snapshot, loop, observer
        self.train, self.dev, self.test = (snapshot.part(part) for part in Part)
        self.warnings = [*label_warnings(spec, snapshot), *split_warnings(snapshot.rows, snapshot.split)]
        self.learned = apart(self.train, self.test)
        self.warnings += [*overlap_warnings(self.train, self.learned), *earlier_warnings(spec, snapshot)]
        self.strategy = create(spec.strategy, spec.options)
        self.decoding = spec.decoding or judge_decoding(spec.model)
        self.baseline = Candidate(instruction=spec.instruction or "", verbatim=spec.prompt)
        template = render(self.baseline, snapshot.criterion, self.decoding)  # refuses what cannot be sent
        require_budget(spec, snapshot)
        require_room(spec, snapshot, template, gateway.pricing)
        session = partial(
            gateway.session,
            spec.run_id,
            spend_cap=spec.spend_cap,
            control=control or RunControl(),
            max_age_s=spec.max_age_s,
            max_in_flight=spec.max_in_flight,
            models=(spec.model, spec.proposer),
        )
        self.session: Session = session(budget=spec.budget)
        self.session.reserve_final(2 * len(self.test))
        # What is set aside for the final test is never refused, even where the winner's prompt is
        # longer than the mean by which tokens and cost were projected.
        self.final: Session = session(budget=Budget())
        self.bench = self._workbench()

    def _workbench(self) -> Workbench:
        problem = Problem(
            criterion=self.snapshot.criterion,
            train=self.learned,
            dev=self.dev,
            baseline=self.baseline,
            seed=self.spec.seed,
            earlier=tuple(run.candidate for run in self.spec.earlier),
            assertions=self.spec.assertions,
        )
        return Workbench(
            problem,
            judge_model=self.spec.model,
            proposer_model=self.spec.proposer,
            session=self.session,
            loop=self.loop,
            observer=self.observer,
            decoding=self.decoding,
            proposer_decoding=proposer_decoding(self.spec.proposer),
            final_rows=len(self.test),
        )

    # --- search -------------------------------------------------------------------------------------

    def search(self) -> None:
        """The baseline, then the strategy, until it is done or the budget is."""
        self.bench.measure(self.baseline, origin="baseline")
        try:
            self.strategy.run(self.bench)
        except BudgetExhausted:
            short = True
        else:
            short = self.bench.ran_short  # most strategies see it coming and return
        if short:
            tried = len(self.bench.trials)
            self.warnings.append(f"the budget ended the search after {tried} trials; more may find more")

    # --- conclusion ---------------------------------------------------------------------------------

    def conclude(self, wall_s: Callable[[], float]) -> RunResult:
        """Choose, test once, report."""
        best = self.bench.best
        assert best is not None  # the baseline's trial is complete
        tested = self._final_test(best)
        again = self._repeatability(best)
        report = self._report(best, tested, again, wall_s)
        return RunResult(
            report=report,
            artifact=self._artifact(best.candidate, report.to_dict()),
            trials=self.bench.trials,
            best=best,
            test_baseline=tested[0] if tested else None,
            test_best=tested[1] if tested else None,
        )

    def _final_test(self, best: Trial) -> tuple[Evaluation, Evaluation] | None:
        """Baseline and winner on the same test rows, each once; one reading where they are one."""
        if not self.test:
            return None
        n = len(self.test)
        if best.candidate.id == self.baseline.id:
            only = self._evaluate(self.baseline, self.test, self.final, partial(self._progress, 0, n))
            return only, only
        first = self._evaluate(self.baseline, self.test, self.final, partial(self._progress, 0, 2 * n))
        second = self._evaluate(best.candidate, self.test, self.final, partial(self._progress, n, 2 * n))
        return first, second

    def _evaluate(
        self,
        candidate: Candidate,
        rows: Sequence[LabelledExample],
        lm: LanguageModel,
        on_progress: Progress | None = None,
    ) -> Evaluation:
        return self.loop.run(
            judge_with(
                self._artifact(candidate, report={}),
                [row.example for row in rows],
                lm,
                abreast=self.final.abreast,
                on_progress=on_progress,
            )
        )

    def _progress(self, before: int, total: int, done: int, *_: object) -> None:
        self.observer.progress("test", before + done, total, self.usage)

    @property
    def usage(self) -> Usage:
        """All logical calls of the run."""
        return self.session.usage + self.final.usage

    def _repeatability(self, best: Trial) -> Repeatability | None:
        """The winner's first dev rows once more, as a second sample."""
        rows = self.dev[:REPEATED_ROWS]
        try:
            self.session.require(len(rows) * best.candidate.calls_per_row)
        except BudgetExhausted:
            return None
        second = self._evaluate(best.candidate, rows, SecondSample(self.session))
        return repeatability(best.evaluation, second)

    def _report(
        self,
        best: Trial,
        tested: tuple[Evaluation, Evaluation] | None,
        again: Repeatability | None,
        wall_s: Callable[[], float],
    ) -> Report:
        evidence = Evidence(self.snapshot)
        test = evidence.test(self.test, *tested, self.spec.test_readings + 1) if tested else TestReading()
        conclusion = conclude(test.gain)
        report = Report(
            conclusion=conclusion,
            recommended=recommend(conclusion),
            provenance=self.spec.provenance,
            test=test,
            dev=evidence.dev(self.dev, self.bench.trials, best),
            human_agreement=human_agreement(self.snapshot.rows),
            supervised_baseline=evidence.supervised(self.learned, self.test, tested[1]) if tested else None,
            repeatability=again,
            spend=Spend.of(self.usage, paid=self.session.paid, wall_s=wall_s()),
        )
        warnings = (*provenance_warning(report.provenance), *self.warnings, *reading_warnings(report))
        return replace(report, warnings=warnings)

    def _artifact(self, candidate: Candidate, report: Mapping[str, object]) -> Artifact:
        return artifact_of_calls(
            candidate,
            self.snapshot.criterion,
            calls_of(candidate, self.snapshot.criterion, self.spec.model, self.decoding),
            report=report,
            provenance={
                "run_id": self.spec.run_id,
                "dataset_id": self.snapshot.dataset_id,
                "dataset": self.snapshot.name,
                "snapshot": self.snapshot.digest,
                "configuration": self.spec.configuration(),
                "versions": {name: version(name) for name in ("concord-judge", "dspy")},
            },
        )


class SecondSample:
    """A language model asked for its second answer, so that the ledger's first one is not its answer."""

    def __init__(self, lm: LanguageModel) -> None:
        self._lm = lm

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request` as sample 1."""
        return await self._lm.ask(replace(request, sample=1))
