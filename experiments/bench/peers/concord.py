"""Concord's own strategies, by their names in the registry."""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

from experiments.bench.task import Found, Task
from experiments.runner import run_optimization
from experiments.spec import RunSpec, judge_decoding
from optimizers.evaluate import evaluate
from optimizers.lm.gateway import Gateway
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.loop import BackgroundLoop
from optimizers.lm.transports import Routes
from optimizers.rendering import render
from optimizers.types import Budget, Candidate, Example, Label, Part, Snapshot, Split


def strategy(name: str, *without: str) -> Callable[[Task], Found]:
    """The strategy `name` with its defaults, less the ideas named in `without`."""

    def find(task: Task) -> Found:
        spec = RunSpec(
            run_id=f"bench-{task.snapshot.dataset_id}-{name}-{task.calls}",
            strategy=name,
            options={"without": list(without)} if without else {},
            model=task.model,
            proposer_model=task.proposer,
            seed=task.seed,
            budget=Budget(max_calls=task.calls),
            force=True,
            simulated=task.simulated,
        )
        with closing(SqliteLedger(task.folder / "ledger.db")) as ledger, BackgroundLoop() as loop:
            gateway = Gateway(ledger, Routes(task.keys))
            result = run_optimization(spec, without_test(task.snapshot), gateway, loop)
            loop.run(gateway.aclose())
        return _judge_with(task, result.best.candidate)

    return find


def without_test(snapshot: Snapshot) -> Snapshot:
    """The snapshot without its test rows, which all peers are tested on alike."""
    parts = {key: part for key, part in snapshot.split.parts.items() if part is not Part.TEST}
    rows = tuple(row for row in snapshot.rows if row.id in parts)
    return replace(snapshot, rows=rows, split=Split(parts=parts))


def _judge_with(task: Task, candidate: Candidate) -> Found:
    def judged(rows: Sequence[Example]) -> Sequence[Label | None]:
        template = render(candidate, task.criterion, judge_decoding(task.model))
        with closing(SqliteLedger(task.folder / "test.db")) as ledger, BackgroundLoop() as loop:
            gateway = Gateway(ledger, Routes(task.keys))
            found = loop.run(
                evaluate(
                    template,
                    rows,
                    gateway.session("test", Budget()),
                    candidate_id=candidate.id,
                    model=task.model,
                    decision=candidate.decision,
                )
            )
            loop.run(gateway.aclose())
        return found.judged([row.id for row in rows])

    return judged
