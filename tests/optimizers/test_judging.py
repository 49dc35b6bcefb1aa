"""Filling the matrix: what is asked for together."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import cast

from optimizers.judging import Judging
from optimizers.lm import BackgroundLoop, Session
from optimizers.sets import judge_of
from optimizers.types import (
    Assertion,
    AssertionKind,
    Candidate,
    Combination,
    Decoding,
    Example,
    Failure,
    FailureKind,
    Label,
    LabelledExample,
    ModelAnswer,
    ModelRef,
    ModelRequest,
)

ROWS = [
    LabelledExample(example=Example(id=f"r{n}", input="", output=str(n)), label=Label.PASS) for n in range(8)
]


class Together:
    """Answers the first batch one by one, and the second only once all its four rows are asked."""

    def __init__(self, abreast: int) -> None:
        self.abreast = abreast
        self.asked = 0
        self.all_there = asyncio.Event()

    def require(self, calls: int) -> None:
        pass

    async def ask(self, _: object) -> ModelAnswer:
        self.asked += 1
        if self.asked == 8:
            self.all_there.set()
        if self.asked > 4:
            await asyncio.wait_for(self.all_there.wait(), timeout=10)
        return ModelAnswer(text='{"rationale": "", "verdict": "pass"}')


def test_no_row_is_sent_ahead_to_a_model_that_has_answered() -> None:
    with BackgroundLoop() as loop:
        session = cast("Session", Together(abreast=4))
        judging = Judging("Polite.", ModelRef(name="m"), Decoding(), session, loop)
        judging.fill([(Candidate(), ROWS[:4])], lambda *_: None)
        judging.fill([(Candidate(), ROWS[4:])], lambda *_: None)
        assert judging.missing(Candidate(), ROWS) == 0


class Crowded(Together):
    """Counts how many questions are open at a time."""

    def __init__(self, abreast: int) -> None:
        super().__init__(abreast)
        self.open = self.most = 0

    async def ask(self, _: object) -> ModelAnswer:
        self.open += 1
        self.most = max(self.most, self.open)
        await asyncio.sleep(0.005)
        self.open -= 1
        return ModelAnswer(text='{"rationale": "", "verdict": "pass"}')


def test_batches_that_are_under_way_together_share_what_is_asked_at_a_time() -> None:
    with BackgroundLoop() as loop:
        model = Crowded(abreast=3)
        session = cast("Session", model)
        judging = Judging("Polite.", ModelRef(name="m"), Decoding(), session, loop)
        judging.fill([(Candidate(instruction=f"Judge {n}."), ROWS) for n in range(5)], lambda *_: None)
        assert (model.most, judging.judged) == (3, 40)


# --- sets of assertions ---------------------------------------------------------------------------------


class Word:
    """A model that fails an output which holds the last word of the criterion."""

    abreast = 4

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.granted: list[int] = []

    def require(self, calls: int) -> None:
        self.granted.append(calls)

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        word = request.messages[0].content.rstrip().rpartition(" ")[2]
        self.asked.append(word)
        verdict = "fail" if f"says {word}" in request.messages[-1].content else "pass"
        return ModelAnswer(text=f'{{"rationale": "", "verdict": "{verdict}"}}')


def says(word: str, **changes: object) -> Assertion:
    found = Assertion(id=word, criterion=f"No {word}", kind=AssertionKind.PROMPT, text="Judge.")
    return replace(found, **changes)  # type: ignore[arg-type]


def row(number: int, *words: str) -> LabelledExample:
    output = "; ".join(f"says {word}" for word in words)
    return LabelledExample(example=Example(id=f"r{number}", input="", output=output), label=Label.PASS)


MIXED = [row(1, "maybe"), row(2, "never"), row(3), row(4, "maybe", "never")]


@contextmanager
def judging(model: Word) -> Iterator[Judging]:
    with BackgroundLoop() as loop:
        yield Judging("Polite.", ModelRef(name="m"), Decoding(), cast("Session", model), loop)


def test_a_set_is_judged_through_its_members_and_pays_for_no_cell_twice() -> None:
    with judging(Word()) as own:
        maybe, never = says("maybe"), says("never")
        own.fill([(Candidate(assertions=(maybe,)), MIXED)], lambda *_: None)
        both = Candidate(assertions=(maybe, never))
        # Rows 1 and 4 are failed already, whatever the other member says of them.
        assert own.missing(both, MIXED) == 2
        assert list(own.known(both, MIXED).outcomes) == ["r1", "r4"]
        own.fill([(both, MIXED)], lambda *_: None)
        assert own.missing(both, MIXED) == 0
        assert own.known(both, MIXED).judged(["r1", "r2", "r3", "r4"]) == (
            Label.FAIL,
            Label.FAIL,
            Label.PASS,
            Label.FAIL,
        )
        assert own.judged == 6


def test_equal_members_under_other_names_are_one_and_are_asked_together() -> None:
    model = Word()
    with judging(model) as own:
        sets = [Candidate(assertions=(says("maybe", id=name), says("never"))) for name in ("a", "b")]
        own.fill([(each, MIXED) for each in sets], lambda *_: None)
    assert (len(model.asked), model.granted) == (8, [8])


def test_a_member_is_judged_by_its_criterion_and_not_by_the_datasets() -> None:
    model = Word()
    with judging(model) as own:
        own.fill([(Candidate(assertions=(says("maybe"),)), MIXED)], lambda *_: None)
        assert own.missing(judge_of(says("maybe")), MIXED) == 4  # the same words about another criterion
    assert set(model.asked) == {"maybe"}


def test_checks_cost_nothing_and_decide_rows_before_anybody_is_asked() -> None:
    check = Assertion(
        id="c", criterion="No haste", kind=AssertionKind.CHECK, text='!output.contains("maybe")'
    )
    with judging(Word()) as own:
        alone, mixed = Candidate(assertions=(check,)), Candidate(assertions=(says("never"), check))
        assert own.missing(alone, MIXED) == 0
        assert own.known(alone, MIXED).judged(["r1", "r2"]) == (Label.FAIL, Label.PASS)
        assert own.missing(mixed, MIXED) == 2


def test_a_check_that_has_no_value_for_a_row_is_a_failure_of_its_kind() -> None:
    check = Assertion(id="c", criterion="Even", kind=AssertionKind.CHECK, text="1 / size(output) == 1")
    with judging(Word()) as own:
        outcome = own.known(Candidate(assertions=(check,)), [MIXED[2]]).outcomes["r3"]
    assert isinstance(outcome, Failure)
    assert outcome.kind is FailureKind.CHECK


def test_a_learned_rule_needs_no_cell_that_cannot_turn_it() -> None:
    weighed = Combination(weights=(3.0, 0.1), bias=0.0)
    with judging(Word()) as own:
        own.fill([(Candidate(assertions=(says("maybe"),)), MIXED)], lambda *_: None)
        both = Candidate(assertions=(says("maybe"), says("never")), combination=weighed)
        assert own.missing(both, MIXED) == 0
        assert own.known(both, MIXED).judged(["r1", "r2"]) == (Label.FAIL, Label.PASS)
