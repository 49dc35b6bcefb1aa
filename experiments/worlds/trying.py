"""Trying a strategy on a world, within the process."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from experiments.runner import RunResult, run_optimization
from experiments.spec import RunSpec
from experiments.worlds.mechanisms import SimulatedJudge
from experiments.worlds.reachable import MODEL
from experiments.worlds.transport import WorldTransport
from optimizers.kappa import cohen_kappa, confusion
from optimizers.lm.gateway import Gateway
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.loop import BackgroundLoop
from optimizers.types import Budget, Evaluation, LabelledExample, Part


@dataclass(frozen=True, kw_only=True)
class Tried:
    """What a strategy found in a simulated world. `calls` are those of the search: the baseline and
    the search itself, without the final test. Kappas are on the test rows; `None`: undefined.
    """

    test_kappa: float | None
    baseline_test_kappa: float | None
    calls: int
    result: RunResult


def run_on_world(
    world: SimulatedJudge,
    strategy: str,
    options: Mapping[str, object] | None = None,
    *,
    calls: int,
    seed: int = 0,
    ledger: Path | None = None,
) -> Tried:
    """Search with at most `calls` calls; the final test comes on top. `ledger` is a file, a temporary
    one where none is given.

    Raises:
        InvalidInput: no such strategy or option.
    """
    if ledger is None:
        with tempfile.TemporaryDirectory() as folder:
            return run_on_world(
                world, strategy, options, calls=calls, seed=seed, ledger=Path(folder) / "world.ledger"
            )
    snapshot = world.file.snapshot
    test = snapshot.part(Part.TEST)
    spec = RunSpec(
        run_id=f"{snapshot.dataset_id}-{strategy}-{calls}-{seed}",
        strategy=strategy,
        model=MODEL,
        seed=seed,
        options=options or {},
        budget=Budget(max_calls=calls + 2 * len(test)),
        force=True,
        simulated=True,
    )
    book = SqliteLedger(ledger)
    transport = WorldTransport(world)
    try:
        with BackgroundLoop() as loop:
            gateway = Gateway(book, lambda _: transport)
            result = run_optimization(spec, snapshot, gateway, loop)
            loop.run(gateway.aclose())
    finally:
        book.close()
    return _tried(result, test)


def _tried(result: RunResult, test: tuple[LabelledExample, ...]) -> Tried:
    assert result.test_baseline is not None
    assert result.test_best is not None
    tests = 1 if result.test_best is result.test_baseline else 2
    return Tried(
        test_kappa=kappa_of(result.test_best, test),
        baseline_test_kappa=kappa_of(result.test_baseline, test),
        calls=result.report.spend.calls - tests * len(test),
        result=result,
    )


def kappa_of(found: Evaluation, test: tuple[LabelledExample, ...]) -> float | None:
    """Kappa of an evaluation on `test`."""
    return cohen_kappa(confusion([row.label for row in test], found.judged([row.id for row in test])))
