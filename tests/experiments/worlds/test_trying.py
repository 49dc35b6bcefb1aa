"""A strategy on a world, and what can be reached there."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.worlds import (
    MECHANISMS,
    SimulatedJudge,
    best_reachable,
    make_world_file,
    read_labelled,
    run_on_world,
)
from optimizers.lm.loop import BackgroundLoop
from optimizers.report import Provenance

WorldOf = Callable[..., SimulatedJudge]

SHARED = Path(os.environ.get("CONCORD_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data")


@pytest.mark.parametrize("mechanism", list(MECHANISMS))
def test_much_more_than_the_baseline_can_be_reached(mechanism: str, world_of: WorldOf) -> None:
    world = world_of(mechanism)
    with BackgroundLoop() as loop:
        reachable = best_reachable(world, loop)
    baseline = run_on_world(world, "bootstrap_fewshot", calls=90).baseline_test_kappa
    assert baseline is not None
    assert baseline + 0.2 < reachable.kappa < 1.0


def test_a_run_is_marked_as_simulated_and_keeps_to_its_calls(world_of: WorldOf, tmp_path: Path) -> None:
    world = world_of("named")
    ledger = tmp_path / "ledger"
    first = run_on_world(world, "instruction_search", calls=300, seed=2, ledger=ledger)
    again = run_on_world(world, "instruction_search", calls=300, seed=2, ledger=ledger)
    assert first.result.report.provenance is Provenance.SIMULATED
    assert 80 <= first.calls <= 300
    assert (again.test_kappa, again.calls) == (first.test_kappa, first.calls)
    assert again.result.report.spend.cached_calls == again.result.report.spend.calls


def test_the_shared_files_can_be_worlds() -> None:
    path = SHARED / "openqa_nq301.csv"
    if not path.exists():
        pytest.skip(f"no labelled files in {SHARED} (CONCORD_SHARED_DATA)")
    world = MECHANISMS["named"](make_world_file(read_labelled(path), 0))
    assert len(world.rows) == 500
