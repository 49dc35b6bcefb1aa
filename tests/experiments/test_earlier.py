"""Runs that start from earlier winners, without a service."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from experiments.runner import RunResult, run_optimization
from experiments.spec import EarlierRun, RunSpec
from optimizers.joint.criteria import stated_in
from optimizers.lm.gateway import Gateway
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.loop import BackgroundLoop
from optimizers.testing import JudgeWorld, ScriptedModel
from optimizers.types import Budget, Candidate, ModelRef

WORLD = JudgeWorld(train=24, dev=24, test=24)
SNAPSHOT = WORLD.snapshot()
CRITERION = "A reply must not call anything whatever to a customer."
EARLIER = EarlierRun(run_id="run-0", candidate=Candidate(instruction=f"Judge it.\n\n1. {CRITERION}"))
SPEC = RunSpec(
    run_id="run-1", strategy="joint", model=ModelRef(name="scripted/judge"), budget=Budget(max_calls=300)
)


class Room:
    """One ledger, to which each run adds."""

    def __init__(self, ledger: SqliteLedger, loop: BackgroundLoop) -> None:
        self._ledger, self._loop = ledger, loop

    def run(self, spec: RunSpec) -> tuple[RunResult, int]:
        """The result, and the calls that reached the model."""
        model = ScriptedModel(WORLD.answer)
        gateway = Gateway(self._ledger, lambda _: model)
        return run_optimization(spec, SNAPSHOT, gateway, self._loop), model.calls


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    with BackgroundLoop() as loop:
        yield Room(ledger, loop)
    ledger.close()


def criteria_tried(result: RunResult) -> set[str]:
    return {line for trial in result.trials for line in stated_in(trial.candidate.instruction)}


def test_the_configuration_names_earlier_runs_and_not_what_they_found() -> None:
    told = replace(SPEC, earlier=(EARLIER,)).configuration()
    assert told["earlier_runs"] == ["run-0"]
    assert CRITERION not in str(told)
    assert "earlier" not in told


def test_the_configuration_of_a_fresh_run_says_nothing_of_earlier_ones() -> None:
    assert not [name for name in SPEC.configuration() if "earlier" in name]


def test_what_an_earlier_run_found_is_tried(room: Room) -> None:
    fresh, _ = room.run(SPEC)
    started, _ = room.run(replace(SPEC, run_id="run-2", earlier=(EARLIER,)))
    assert CRITERION not in criteria_tried(fresh)
    assert CRITERION in criteria_tried(started)
    assert "run-0" in str(started.artifact.provenance["configuration"])


def test_a_repeat_from_the_same_earlier_runs_pays_nothing_and_is_the_same(room: Room) -> None:
    first, _ = room.run(replace(SPEC, earlier=(EARLIER,)))
    again, calls = room.run(replace(SPEC, run_id="run-3", earlier=(EARLIER,)))
    assert calls == 0
    assert again.artifact.digest == first.artifact.digest


def test_a_strategy_that_takes_nothing_over_is_not_changed_by_earlier_runs(room: Room) -> None:
    fresh, _ = room.run(replace(SPEC, strategy="bootstrap_fewshot"))
    given, _ = room.run(replace(SPEC, run_id="run-4", strategy="bootstrap_fewshot", earlier=(EARLIER,)))
    assert given.artifact.digest == fresh.artifact.digest


@pytest.mark.parametrize(("snapshot", "warned"), [(None, False), (SNAPSHOT.digest, False), ("another", True)])
def test_a_start_that_was_found_on_other_rows_is_told(room: Room, snapshot: str | None, warned: bool) -> None:
    result, _ = room.run(replace(SPEC, earlier=(replace(EARLIER, snapshot=snapshot),)))
    assert any("started from run-0" in warning for warning in result.report.warnings) is warned
