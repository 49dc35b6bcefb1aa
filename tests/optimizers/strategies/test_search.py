"""What the searches find in a small world with a known better prompt."""

from dataclasses import replace
from pathlib import Path

import pytest

from optimizers.strategies import registry
from optimizers.strategies.instruction_search import InstructionSearch, Menu
from optimizers.testing.lab import JUDGE, Finished, Lab
from optimizers.testing.world import JudgeWorld
from optimizers.types import Candidate, Demonstration, Part, Snapshot, Trial

WORLD = JudgeWorld(train=60, dev=60, test=0)
SKEWED = JudgeWorld(train=60, dev=60, test=0, fail_share=0.15)
REACHABLE = Candidate(instruction="Fail a reply that says password, whatever or asap.")


def search(tmp_path: Path, name: str, world: JudgeWorld, *, calls: int, seed: int = 0) -> Finished:
    run = Lab(ledger=tmp_path / "ledger", world=world).run(registry.create(name), calls=calls, seed=seed)
    assert run.stopped is None
    return run


def kappas(run: Finished) -> tuple[float, float]:
    first, best = run.trials[0].kappa, run.best[-1]
    assert first is not None
    assert best is not None
    return first, best


@pytest.mark.parametrize("world", [WORLD, SKEWED], ids=["even", "skewed"])
@pytest.mark.parametrize("name", registry.names())
def test_a_search_finds_a_better_judge(tmp_path: Path, name: str, world: JudgeWorld) -> None:
    for seed in range(3):
        baseline, best = kappas(search(tmp_path, name, world, calls=300, seed=seed))
        assert baseline < 0.2
        assert best > baseline + 0.15


@pytest.mark.parametrize("name", ["bootstrap_fewshot", "instruction_search"])
def test_with_600_calls_the_best_reachable_judge_is_near(tmp_path: Path, name: str) -> None:
    with Lab(ledger=tmp_path / "ideal", world=WORLD).bench() as table:
        reachable = table.bench.measure(REACHABLE).kappa
    assert reachable is not None
    found = [kappas(search(tmp_path, name, WORLD, calls=600, seed=seed))[1] for seed in range(3)]
    assert sum(found) / 3 > 0.85 * reachable


class WithACopy(JudgeWorld):
    """Its first train row is a dev row in capitals."""

    def snapshot(self) -> Snapshot:
        snapshot = super().snapshot()
        first, copied = snapshot.part(Part.TRAIN)[0], snapshot.part(Part.DEV)[0].example
        example = replace(first.example, input=copied.input.upper(), output=copied.output.upper())
        rows = tuple(replace(row, example=example) if row.id == first.id else row for row in snapshot.rows)
        return replace(snapshot, rows=rows)


@pytest.mark.parametrize("name", registry.names())
def test_a_train_row_that_repeats_a_dev_row_is_not_learned_from(tmp_path: Path, name: str) -> None:
    run = search(tmp_path, name, WithACopy(train=24, dev=24, test=0), calls=300)
    assert not any("CASE 24" in str(request) for request in run.requests)


def test_no_row_is_judged_under_a_prompt_that_shows_its_label(tmp_path: Path) -> None:
    with Lab(ledger=tmp_path / "ledger").bench() as table:
        shown = table.bench.problem.train[0]
        demonstration = Demonstration(
            example_id=shown.id, input=shown.example.input, output=shown.example.output, label=shown.label
        )
        parent = Candidate(demonstrations=(demonstration,))
        menu = Menu(base=parent, instructions=[""], sets=[()])
        InstructionSearch(train_rows=24)._propose(table.bench, menu, parent, 0)
        assert len(table.bench.known(parent, table.bench.problem.train).outcomes) == 23
        assert table.bench.missing(parent, [shown]) == 1


def dropped(run: Finished) -> list[Trial]:
    return [trial for trial in run.trials if not trial.complete]


@pytest.mark.parametrize("name", ["bootstrap_fewshot", "instruction_search"])
def test_races_drop_losers_early(tmp_path: Path, name: str) -> None:
    runs = [search(tmp_path, name, WORLD, calls=600, seed=seed) for seed in range(3)]
    rows = [len(trial.evaluation.outcomes) for run in runs for trial in dropped(run)]
    assert rows
    assert sum(rows) / len(rows) < 0.6 * WORLD.dev


def test_solved_examples_come_from_rows_that_the_judge_gets_wrong_too(tmp_path: Path) -> None:
    run = search(tmp_path, "bootstrap_fewshot", WORLD, calls=300)
    shown = {d for trial in run.trials for d in trial.candidate.demonstrations}
    learnt = [d for d in shown if d.rationale and "Fail a reply that contains" in d.rationale]
    assert learnt
    assert {row.id for row in WORLD.snapshot().rows[:60]} >= {d.example_id for d in shown}


def test_a_proposer_is_shown_both_kinds_of_mistakes_with_critiques(tmp_path: Path) -> None:
    erring = JudgeWorld(train=60, dev=60, test=0, stubborn=0.2)
    run = search(tmp_path, "instruction_search", erring, calls=300)
    questions = [r.messages[-1].content for r in run.requests if r.model != JUDGE and "Hint:" in str(r)]
    assert any("people failed them" in q and "people passed them" in q for q in questions)
    assert any("One does not write 'password' to a customer." in q for q in questions)
    assert len({q.rpartition("Hint:")[2] for q in questions}) > 1


def test_mipro_and_gepa_leave_no_more_of_the_budget_than_another_round_needs(tmp_path: Path) -> None:
    for name in ("mipro", "gepa"):
        run = search(tmp_path, name, WORLD, calls=300)
        assert 300 - WORLD.dev - 40 <= run.usage.calls <= 300
