from pathlib import Path

import dspy
import pytest

from optimizers.errors import AuthenticationFailed, RunFailed
from optimizers.judge import program_of
from optimizers.strategies import create
from optimizers.strategies.dspy_bench import DspyBench, RowScore, carried, training, validation
from optimizers.strategies.mipro import Sizes, minibatch_size
from optimizers.testing.lab import JUDGE, Lab
from optimizers.testing.world import CRITERION, JudgeWorld
from optimizers.types import Candidate, Label

SKEWED = JudgeWorld(train=20, dev=20, test=0, fail_share=0.2)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(ledger=tmp_path / "ledger", world=SKEWED)


def test_a_judge_that_passes_everything_gains_nothing_over_one_that_fails_everything(lab: Lab) -> None:
    dev = lab.problem().dev
    score = RowScore.of(dev)
    means = [sum(score(row.label, label) for row in dev) / len(dev) for label in Label]
    assert means[0] == pytest.approx(means[1])


def test_the_mean_score_is_linear_in_balanced_accuracy(lab: Lab) -> None:
    # 4 fails and 16 passes, so w = 1 and 1/4. Two fails and four passes wrong: 1 - (2 + 4/4) / 20.
    dev = lab.problem().dev
    score = RowScore.of(dev)
    wrong = {r.id for r in [r for r in dev if r.label is Label.FAIL][:2]}
    wrong |= {r.id for r in [r for r in dev if r.label is Label.PASS][:4]}
    flipped = {Label.PASS: Label.FAIL, Label.FAIL: Label.PASS}
    judged = {r.id: flipped[r.label] if r.id in wrong else r.label for r in dev}
    assert sum(score(r.label, judged[r.id]) for r in dev) / 20 == pytest.approx(1 - (2 + 4 / 4) / 20)


def test_a_missing_verdict_scores_nothing(lab: Lab) -> None:
    score = RowScore.of(lab.problem().dev)
    assert [score(label, None) for label in Label] == [0.0, 0.0]


def test_rows_of_one_class_have_a_score(lab: Lab) -> None:
    score = RowScore.of([row for row in lab.problem().dev if row.label is Label.PASS])
    assert score(Label.PASS, Label.PASS) == 1.0
    assert score(Label.PASS, Label.FAIL) == 0.0


def test_an_error_is_carried_past_whoever_catches_plain_exceptions() -> None:
    def fail() -> None:
        raise AuthenticationFailed("no key")

    with pytest.raises(RunFailed) as carrier:
        carried(fail)
    assert isinstance(carrier.value.error, AuthenticationFailed)
    assert not isinstance(carrier.value, Exception)


def test_critiques_are_for_learning_and_not_for_validation(lab: Lab) -> None:
    problem = lab.problem()
    assert any("One does not write" in str(example) for example in training(problem.train))
    assert not any("One does not write" in str(example) for example in validation(problem.dev))


def test_a_program_is_measured_as_the_candidate_that_it_is(lab: Lab) -> None:
    with lab.bench() as table:
        view = DspyBench(table.bench, "test")
        program = program_of(Candidate(), CRITERION)
        program.judge.demos = [dspy.Example(**dict(training(view.train)[0]))]
        view.outcomes(program, view.valset)
        trial = table.bench.trials[0]
        assert trial.complete
        assert [d.example_id for d in trial.candidate.demonstrations] == [view.train[0].id]
        assert table.model.calls == len(view.valset)


def test_what_saw_a_part_of_dev_is_completed_best_first_while_the_budget_lasts(lab: Lab) -> None:
    weak, strong = Candidate(), Candidate(instruction="Fail a reply with password, whatever or asap.")
    with lab.bench(calls=35) as table:
        view = DspyBench(table.bench, "test")
        for candidate in (weak, strong):
            view.outcomes(program_of(candidate, CRITERION), view.valset[:10])
        first, second = view.finish()
        assert (first.candidate.instruction, first.complete) == (strong.instruction, True)
        assert not second.complete
        assert table.bench.usage.calls == 30


@pytest.mark.parametrize("calls", [80, 240, 600, 2000])
def test_bootstrapping_takes_about_a_quarter_of_the_calls(calls: int) -> None:
    sizes = Sizes.fitting(calls, train=500)
    assert sizes.instructions >= 3
    assert (sizes.sets - 2) * sizes.train_rows <= max(calls // 4, 4 * (sizes.sets - 2))


def test_a_minibatch_is_half_of_dev_and_at_most_what_dspy_takes() -> None:
    assert [minibatch_size(rows) for rows in (10, 60, 400)] == [10, 30, 35]


def test_gepa_reflects_on_people_s_words(tmp_path: Path) -> None:
    lab = Lab(ledger=tmp_path / "ledger", world=JudgeWorld(train=40, dev=20, test=0))
    run = lab.run(create("gepa"), calls=200)
    reflections = [r.messages[-1].content for r in run.requests if r.model != JUDGE]
    assert any("A person who read it says: One does not write" in text for text in reflections)


def test_mipro_goes_on_without_proposals_that_it_cannot_read(tmp_path: Path) -> None:
    world = JudgeWorld(train=40, dev=20, test=0)
    lab = Lab(
        ledger=tmp_path / "ledger",
        world=world,
        script=lambda request: world.answer(request) if request.model == JUDGE else "no fields here",
    )
    run = lab.run(create("mipro"), calls=300)
    assert run.stopped is None
    assert len([trial for trial in run.trials if trial.complete]) > 1
