import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from optimizers.errors import (
    AuthenticationFailed,
    BudgetExhausted,
    PauseReason,
    ProviderUnavailable,
    RequestRejected,
    RunPaused,
)
from optimizers.testing.lab import Lab, Table
from optimizers.types import (
    Assertion,
    AssertionKind,
    Candidate,
    DecisionRule,
    Failure,
    FailureKind,
    Label,
    Message,
    Trial,
    Usage,
    VerbatimPrompt,
    Verdict,
)
from optimizers.wording import DEFAULT_INSTRUCTION

BASELINE = Candidate()
BETTER = Candidate(instruction="Fail a reply that contains password or whatever or asap.")
ASK = (Message(role="user", content="Propose."),)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(ledger=tmp_path / "ledger")


@pytest.fixture
def table(lab: Lab) -> Iterator[Table]:
    with lab.bench(calls=100) as table:
        yield table


def test_a_measured_candidate_is_a_complete_trial_with_its_kappa(table: Table) -> None:
    baseline, better = table.bench.measure(BASELINE), table.bench.measure(BETTER, parent=BASELINE)
    assert (baseline.number, better.number, better.parent_id) == (0, 1, BASELINE.id)
    assert baseline.kappa is not None
    assert better.kappa is not None
    assert better.complete
    assert better.kappa > baseline.kappa
    assert table.bench.best == better


def test_nothing_in_the_matrix_is_asked_twice(table: Table) -> None:
    dev = table.bench.problem.dev
    table.bench.evaluate(BASELINE, dev[:10])
    table.bench.evaluate(BASELINE, dev[5:15])
    table.bench.measure(BASELINE)
    table.bench.measure(BASELINE)
    assert table.model.calls == len(dev) == table.bench.usage.calls


def test_an_empty_instruction_and_the_default_one_are_one_prompt(table: Table) -> None:
    first = table.bench.measure(BASELINE)
    assert table.bench.measure(Candidate(instruction=DEFAULT_INSTRUCTION)) == first
    assert len(table.bench.trials) == 1


def test_a_threshold_costs_no_calls_and_is_a_trial_of_its_own(table: Table) -> None:
    asked = BASELINE.with_(probability=True)
    table.bench.measure(asked)
    calls = table.bench.usage.calls
    never = table.bench.measure(asked.with_(decision=DecisionRule(threshold=1.0)))
    assert table.bench.usage.calls == calls
    assert never.number == 1
    assert set(never.evaluation.judged(list(never.evaluation.outcomes))) == {Label.PASS}


def test_outcomes_stand_in_the_order_of_the_rows_asked_for(table: Table) -> None:
    rows = table.bench.problem.dev[::-1]
    assert list(table.bench.evaluate(BASELINE, rows).outcomes) == [row.id for row in rows]


def test_the_budget_is_required_before_a_batch_and_none_of_it_is_asked(table: Table) -> None:
    table.bench.measure(BASELINE)
    rows = (*table.bench.problem.train, *table.bench.problem.dev)
    table.bench.evaluate(BETTER, rows)  # 24 + 48 of 100
    with pytest.raises(BudgetExhausted):
        table.bench.evaluate(BETTER.with_(reasoning=False), rows)
    assert table.model.calls == 72


def test_room_is_what_the_budget_has_left(table: Table) -> None:
    assert table.bench.room(1000) == 100
    assert table.bench.room(30) == 30
    table.bench.measure(BASELINE)
    assert table.bench.room(1000) == 76


def test_a_part_of_dev_makes_an_incomplete_trial_that_cannot_win(table: Table) -> None:
    table.bench.measure(BASELINE)
    table.bench.evaluate(BETTER, table.bench.problem.dev[:12])
    partial = table.bench.record(BETTER, BASELINE, "race")
    assert not partial.complete
    assert len(partial.evaluation.outcomes) == 12
    assert table.bench.best is not None
    assert table.bench.best.candidate == BASELINE


def test_an_incomplete_trial_can_be_completed_later(table: Table) -> None:
    table.bench.evaluate(BETTER, table.bench.problem.dev[:12])
    table.bench.record(BETTER)
    complete = table.bench.measure(BETTER)
    assert complete.complete
    assert complete.number == 1
    assert table.bench.trial_of(BETTER) == complete


def test_what_trials_took_adds_up_to_the_run(table: Table) -> None:
    table.bench.measure(BASELINE)
    table.bench.ask_proposer(ASK)
    table.bench.measure(BETTER)
    taken = sum((trial.usage for trial in table.bench.trials), Usage())
    assert taken.calls == table.bench.usage.calls == 49
    assert taken.prompt_tokens == table.bench.usage.prompt_tokens


def test_chance_depends_on_the_seed_and_the_name_alone(lab: Lab, tmp_path: Path) -> None:
    with lab.bench(seed=1) as one, Lab(ledger=tmp_path / "other").bench(seed=2) as two:
        draws = [b.bench.rng(name).random() for b in (one, two) for name in ("a", "b")]
        assert len(set(draws)) == 4
        assert one.bench.rng("a").random() == draws[0]
        assert 0 <= one.bench.seed("a") < 2**31


def test_questions_are_answered_in_their_order(table: Table) -> None:
    questions = [
        (Message(role="user", content=f"This reply says {word}."),) for word in ("password", "asap", "hello")
    ]
    together = table.bench.ask_proposer_each(questions)
    assert [table.bench.ask_proposer(question) for question in questions] == list(together)
    assert table.bench.ask_proposer_each([]) == ()


def test_samples_of_one_question_are_calls_of_their_own(table: Table) -> None:
    table.bench.ask_proposer(ASK, sample=0)
    table.bench.ask_proposer(ASK, sample=1)
    assert table.model.calls == 2


def test_a_proposer_that_is_down_pauses_the_run(lab: Lab) -> None:
    def down(*_: object) -> None:
        raise ProviderUnavailable("down", charged=False)

    with lab.bench(before=down) as table, pytest.raises(RunPaused) as stop:
        table.bench.ask_proposer(ASK)
    assert stop.value.reason is PauseReason.PROVIDER


def test_after_a_question_that_fails_no_further_one_is_asked(lab: Lab) -> None:
    def refuse(number: int, _: object) -> None:
        if number == 2:
            raise AuthenticationFailed("the key is wrong")

    questions = [(Message(role="user", content=f"Propose {n}."),) for n in range(30)]
    with lab.bench(before=refuse) as table:
        with pytest.raises(AuthenticationFailed):
            table.bench.ask_proposer_each(questions)
        time.sleep(0.2)  # others would be asked meanwhile
        assert table.model.calls <= 2 + table.session.abreast


def test_a_prompt_that_the_provider_rejects_is_the_candidate_s_fault(lab: Lab) -> None:
    too_long = BASELINE.with_(instruction="Too long.")
    world = lab.world

    def answer(request: object) -> str:
        if "Too long." in str(request):
            raise RequestRejected("the prompt is too long")
        return world.answer(request)  # type: ignore[arg-type]

    with Lab(ledger=lab.ledger, script=answer).bench() as table:
        table.bench.measure(BASELINE)
        trial = table.bench.measure(too_long)
        failures = [o for o in trial.evaluation.outcomes.values() if isinstance(o, Failure)]
        assert {failure.kind for failure in failures} == {FailureKind.REFUSED}
        assert trial.kappa == 0.0


def test_a_baseline_that_the_provider_rejects_ends_the_run(lab: Lab) -> None:
    def reject(*_: object) -> str:
        raise RequestRejected("no such parameter")

    with Lab(ledger=lab.ledger, script=reject).bench() as table, pytest.raises(RequestRejected):
        table.bench.measure(BASELINE)


def test_a_verbatim_prompt_is_measured_like_any_other(table: Table) -> None:
    message = Message(role="user", content='Fine?\n{{output}}\nSay {"verdict": "..."}, pass or fail.')
    trial = table.bench.measure(Candidate(verbatim=VerbatimPrompt(messages=(message,))))
    assert all(isinstance(outcome, Verdict) for outcome in trial.evaluation.outcomes.values())


def test_the_observer_is_told_of_trials_and_progress(lab: Lab) -> None:
    told: list[object] = []

    class Ear:
        def trial(self, trial: Trial) -> None:
            told.append(trial.number)

        def progress(self, phase: str, done: int, total: int, usage: Usage) -> None:
            told.append((phase, done, total))

    with lab.bench(calls=100, observer=Ear()) as table:
        table.bench.measure(BASELINE)
        table.bench.measure(BETTER)
    assert told.index(("baseline", 24, 24)) < told.index(0) < told.index(("search", 48, 100)) < told.index(1)


# --- sets of assertions ---------------------------------------------------------------------------------

WORDS = ("password", "whatever", "asap")
SET = Candidate(
    assertions=tuple(
        Assertion(id=word, criterion=f"No reply says {word}.", kind=AssertionKind.PROMPT, text="Judge it.")
        for word in WORDS
    )
)


def test_a_set_is_a_trial_among_others(table: Table) -> None:
    baseline, found = table.bench.measure(BASELINE), table.bench.measure(SET, parent=BASELINE)
    assert found.complete
    assert found.kappa is not None
    assert baseline.kappa is not None
    assert found.kappa > baseline.kappa
    assert table.bench.measure(SET) is found


def test_room_is_kept_for_the_final_test_of_a_set(lab: Lab) -> None:
    with lab.bench(calls=170, final_rows=24) as table:
        table.session.reserve_final(2 * 24)
        table.bench.measure(BASELINE)
        # Its dev rows take at most 72 calls and its final test 48 beyond a prompt's: 98 calls are left.
        assert table.bench.price(SET) == 72 + 48
        assert not table.bench.affordable(table.bench.price(SET))
        pair = replace(SET, assertions=SET.assertions[:2])
        table.bench.measure(pair)
        assert table.session.affordable(170 - table.session.usage.calls - 3 * 24)
        assert not table.session.affordable(171 - table.session.usage.calls - 3 * 24)


def test_a_set_whose_final_test_does_not_fit_is_no_trial(lab: Lab) -> None:
    with lab.bench(calls=90, final_rows=24) as table:
        table.session.reserve_final(2 * 24)
        with pytest.raises(BudgetExhausted, match="its final test"):
            table.bench.measure(SET)
        assert table.session.usage.calls == 0
