"""The strategy `criteria`: what becomes of people's assertions, and of those that it finds."""

from dataclasses import replace
from pathlib import Path

import pytest

from optimizers.strategies.criteria import ALONE, Criteria
from optimizers.testing.lab import JUDGE, Finished, Lab
from optimizers.testing.world import KINDS, JudgeWorld
from optimizers.types import Assertion, AssertionKind, Candidate, ModelRequest, Part

WORLD = JudgeWorld(train=48, dev=48, test=24)


def says(word: str) -> Assertion:
    return Assertion(
        id=f"kept-{word}", criterion=f"No reply contains {word}.", kind=AssertionKind.PROMPT, text=ALONE
    )


def has(word: str) -> Assertion:
    text = f'!output.contains("{word}")'
    return Assertion(id=f"check-{word}", criterion=f"No {word}", kind=AssertionKind.CHECK, text=text)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(ledger=tmp_path / "ledger", world=WORLD)


def mute(request: ModelRequest) -> str:
    """The world's judge beside a proposer that has nothing to say."""
    return WORLD.answer(request) if request.model == JUDGE else ""


def best(run: Finished) -> Candidate:
    assert run.stopped is None
    complete = [trial for trial in run.trials if trial.complete and trial.kappa is not None]
    return max(complete, key=lambda trial: (trial.kappa, -trial.number)).candidate


def test_it_finds_criteria_and_a_set_that_beats_the_baseline(lab: Lab) -> None:
    run = lab.run(Criteria(), calls=1500)
    found = best(run)
    assert found.assertions
    assert run.trials[0].kappa is not None
    assert run.trials[-1].kappa is not None
    assert run.trials[-1].kappa > run.trials[0].kappa + 0.2


def test_peoples_own_assertions_are_used_under_their_names(lab: Lab) -> None:
    kept = tuple(map(says, KINDS))
    found = best(replace(lab, assertions=kept, script=mute).run(Criteria(), calls=1500))
    assert {each.id for each in found.assertions} & {each.id for each in kept}


def test_peoples_checks_are_members_like_prompts_and_take_no_call(lab: Lab) -> None:
    checks = tuple(map(has, KINDS))
    run = replace(lab, assertions=checks, script=mute).run(Criteria(), calls=1500)
    found = best(run)
    assert {each.id for each in checks} <= {each.id for each in found.assertions}
    assert found.calls_per_row == len(found.assertions) - len(checks)
    # People fail what holds one of the words, and nothing else.
    assert run.trials[-1].kappa is not None
    assert run.trials[-1].kappa > 0.9


def test_a_set_of_an_earlier_run_starts_the_next(lab: Lab) -> None:
    earlier = Candidate(assertions=tuple(map(has, KINDS)))
    found = best(replace(lab, earlier=(earlier,), script=mute).run(Criteria(), calls=600))
    assert {each.id for each in earlier.assertions} <= {each.id for each in found.assertions}


def test_a_set_is_no_larger_than_its_final_test_may_cost(lab: Lab) -> None:
    rows = len(WORLD.snapshot().part(Part.TEST))
    with lab.bench(calls=600, final_rows=rows) as table:
        table.session.reserve_final(2 * rows)
        Criteria().run(table.bench)
        best_trial = table.bench.best
        assert best_trial is not None
        final = rows * (1 + best_trial.candidate.calls_per_row)
        assert table.session.usage.calls + final <= 600


def test_no_set_has_more_assertions_than_are_allowed(lab: Lab) -> None:
    run = lab.run(Criteria(most=2), calls=1500)
    assert max(len(trial.candidate.assertions) for trial in run.trials) <= 2
