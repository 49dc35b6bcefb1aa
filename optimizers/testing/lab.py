"""Where a strategy is put to the test: the real gateway, ledger and budget before a scripted model."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from optimizers.lm.control import RunControl
from optimizers.lm.gateway import Gateway, GatewaySettings, Session
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.loop import BackgroundLoop
from optimizers.lm.retry import RetryPolicy
from optimizers.protocols import Observer, Problem, Strategy
from optimizers.testing.scripted import Script, ScriptedModel
from optimizers.testing.world import JudgeWorld
from optimizers.types import Assertion, Budget, Candidate, ModelRef, ModelRequest, Part, Trial, Usage
from optimizers.workbench import Workbench

JUDGE = ModelRef(name="scripted/judge")
PROPOSER = ModelRef(name="scripted/proposer")
IN_FLIGHT = 4
"""Calls that may be under way at once, and so when an order arrives."""

_IMPATIENT = GatewaySettings(retry=RetryPolicy(max_attempts=2, first_backoff_s=0.0), lease_s=0.5)
"""One more try at once: what is tested is what comes after it."""

Before = Callable[[int, RunControl], None]


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a run left behind, whether it came to its end or was stopped.

    `calls` is what the model counted. `best` holds the kappa of the best trial after each trial.
    """

    trials: tuple[Trial, ...]
    best: tuple[float | None, ...]
    usage: Usage
    paid: Usage
    requests: tuple[ModelRequest, ...]
    stopped: BaseException | None = None

    @property
    def calls(self) -> int:
        """Requests that reached the model."""
        return len(self.requests)

    @property
    def found(self) -> tuple[object, ...]:
        """What two equal runs have in common: everything but what was paid."""
        return tuple(
            (t.number, t.candidate, t.evaluation.outcomes, t.kappa, t.complete, t.parent_id, t.origin)
            for t in self.trials
        )


@dataclass
class _Watcher:
    """An observer that writes down how the best trial fares."""

    best: list[float | None] = field(default_factory=list)
    bench: Workbench | None = None

    def trial(self, _: Trial) -> None:
        assert self.bench is not None
        self.best.append(self.bench.best.kappa if self.bench.best else None)

    def progress(self, phase: str, done: int, total: int, usage: Usage) -> None:
        assert phase
        assert 0 <= done <= total
        assert usage.calls >= 0


@dataclass(frozen=True, kw_only=True)
class Lab:
    """Runs strategies on a world. `script` replaces the world's model; `ledger` is the file's path."""

    ledger: Path
    world: JudgeWorld = field(default_factory=lambda: JudgeWorld(train=24, dev=24, test=24))
    script: Script | None = None
    baseline: Candidate = field(default_factory=Candidate)
    assertions: tuple[Assertion, ...] = ()
    earlier: tuple[Candidate, ...] = ()

    def problem(self, seed: int = 0) -> Problem:
        """The world's train and dev rows."""
        snapshot = self.world.snapshot()
        return Problem(
            criterion=snapshot.criterion,
            train=snapshot.part(Part.TRAIN),
            dev=snapshot.part(Part.DEV),
            baseline=self.baseline,
            seed=seed,
            earlier=self.earlier,
            assertions=self.assertions,
        )

    def run(
        self, strategy: Strategy, *, calls: int | None = 200, seed: int = 0, before: Before | None = None
    ) -> Finished:
        """Run `strategy` with a budget of `calls`; `before` runs ahead of each call with its number."""
        watcher = _Watcher()
        with self.bench(calls=calls, seed=seed, before=before, observer=watcher) as table:
            watcher.bench = table.bench
            stopped = _stopped(strategy, table.bench)
            return Finished(
                trials=table.bench.trials,
                best=tuple(watcher.best),
                usage=table.session.usage,
                paid=table.session.paid,
                requests=table.model.requests,
                stopped=stopped,
            )

    @contextlib.contextmanager
    def bench(
        self,
        *,
        calls: int | None = 200,
        seed: int = 0,
        before: Before | None = None,
        observer: Observer | None = None,
        final_rows: int = 0,
    ) -> Iterator["Table"]:
        """A workbench before the model, with a budget of `calls`."""
        control, ledger = RunControl(), SqliteLedger(self.ledger)
        hook = None if before is None else partial(_with_control, before, control)
        model = ScriptedModel(self.script or self.world.answer, hook)
        gateway = Gateway(ledger, lambda _: model, settings=_IMPATIENT)
        session = gateway.session("run", Budget(max_calls=calls), control=control, max_in_flight=IN_FLIGHT)
        try:
            with BackgroundLoop() as loop:
                bench = Workbench(
                    self.problem(seed),
                    judge_model=JUDGE,
                    proposer_model=PROPOSER,
                    session=session,
                    loop=loop,
                    observer=observer,
                    final_rows=final_rows,
                )
                yield Table(bench=bench, session=session, model=model)
                loop.run(gateway.aclose())
        finally:
            ledger.close()


@dataclass(frozen=True, kw_only=True)
class Table:
    """A workbench with what stands around it."""

    bench: Workbench
    session: Session
    model: ScriptedModel


def _with_control(before: Before, control: RunControl, number: int) -> None:
    before(number, control)


def _stopped(strategy: Strategy, bench: Workbench) -> BaseException | None:
    """Run it; what ended it early, if anything did."""
    try:
        strategy.run(bench)
    except BaseException as stop:  # orders to stop are what is looked at
        return stop
    return None
