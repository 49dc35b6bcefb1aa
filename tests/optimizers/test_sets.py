"""How the outcomes of a set's members become one."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.sets import cheap_first, judge_of, outcome_of
from optimizers.types import (
    ANY_FAIL,
    Assertion,
    AssertionKind,
    Candidate,
    Combination,
    Failure,
    FailureKind,
    Label,
    Outcome,
    Usage,
    Verdict,
    digest,
)

PASS, FAIL = Verdict(label=Label.PASS), Verdict(label=Label.FAIL, rationale="too curt")
UNREADABLE = Failure(kind=FailureKind.UNPARSEABLE, message="no verdict", usage=Usage(calls=1))
DOWN = Failure(kind=FailureKind.PROVIDER, message="503")
CRITERIA = ("Be kind", "Be brief", "Be right")
POLITE = Assertion(id="a1", criterion="Be kind", kind=AssertionKind.PROMPT, text="Is it kind?")
SHORT = Assertion(id="a2", criterion="Be brief", kind=AssertionKind.CHECK, text="words(output) < 9")


def label_of(combination: Combination, *known: Outcome | None) -> Label | None:
    found = outcome_of(CRITERIA[: len(known)], combination, known)
    return found.label if isinstance(found, Verdict) else None


# --- any fail -------------------------------------------------------------------------------------------


def test_a_row_fails_if_any_member_fails_it() -> None:
    assert label_of(ANY_FAIL, PASS, FAIL, PASS) is Label.FAIL
    assert label_of(ANY_FAIL, PASS, PASS, PASS) is Label.PASS


def test_a_fail_settles_a_row_before_all_members_are_asked_and_passes_do_not() -> None:
    assert label_of(ANY_FAIL, None, FAIL, None) is Label.FAIL
    assert outcome_of(CRITERIA, ANY_FAIL, (PASS, PASS, None)) is None


def test_a_member_without_verdict_leaves_the_row_open_unless_another_fails_it() -> None:
    found = outcome_of(CRITERIA, ANY_FAIL, (PASS, UNREADABLE, PASS))
    assert isinstance(found, Failure)
    assert (found.kind, found.usage.calls) == (FailureKind.UNPARSEABLE, 1)
    assert label_of(ANY_FAIL, UNREADABLE, FAIL, PASS) is Label.FAIL


def test_a_fail_says_which_criteria_it_is_about() -> None:
    found = outcome_of(CRITERIA, ANY_FAIL, (FAIL, PASS, Verdict(label=Label.FAIL)))
    assert isinstance(found, Verdict)
    assert found.rationale == "Be kind: too curt\nBe right"


# --- weighed --------------------------------------------------------------------------------------------


def test_evidence_is_weighed() -> None:
    # A plain fail is worth log(.85 / .15) = 1.73, a plain pass as much on the other side.
    two_of_three = Combination(weights=(1.0, 1.0, 1.0))
    assert label_of(two_of_three, FAIL, FAIL, PASS) is Label.FAIL
    assert label_of(two_of_three, FAIL, PASS, PASS) is Label.PASS
    assert label_of(replace(two_of_three, bias=1.8), FAIL, PASS, PASS) is Label.FAIL


def test_a_probability_weighs_by_how_sure_it_is() -> None:
    sure = Verdict(label=Label.FAIL, fail_probability=0.97)  # log-odds 3.5, against -1.73 twice
    assert label_of(Combination(weights=(1.0, 1.0, 1.0)), sure, PASS, PASS) is Label.FAIL


def test_a_member_without_verdict_weighs_nothing_and_all_of_them_give_none() -> None:
    weighed = Combination(weights=(1.0, 1.0), bias=0.5)
    assert label_of(weighed, UNREADABLE, PASS) is Label.PASS
    assert isinstance(outcome_of(CRITERIA[:2], weighed, (UNREADABLE, UNREADABLE)), Failure)


OUTCOMES = st.one_of(
    st.sampled_from([PASS, FAIL, UNREADABLE]),
    st.builds(
        lambda p: Verdict(label=Label.FAIL if p >= 0.5 else Label.PASS, fail_probability=p), st.floats(0, 1)
    ),
)
WEIGHED = st.builds(
    lambda weights, bias: Combination(weights=tuple(weights), bias=bias),
    st.lists(st.floats(-2, 2), min_size=3, max_size=3),
    st.floats(-3, 3),
)


@given(
    combination=st.just(ANY_FAIL) | WEIGHED,
    known=st.lists(OUTCOMES, min_size=3, max_size=3),
    asked=st.lists(st.booleans(), min_size=3, max_size=3),
)
def test_what_is_settled_early_is_what_all_members_come_to(
    combination: Combination, known: list[Outcome], asked: list[bool]
) -> None:
    some = [outcome if there else None for outcome, there in zip(known, asked, strict=True)]
    early = outcome_of(CRITERIA, combination, some)
    if early is not None:
        label = early.label if isinstance(early, Verdict) else None
        assert label is label_of(combination, *known)


def test_a_provider_that_is_down_is_no_outcome_of_the_set() -> None:
    found = outcome_of(CRITERIA[:2], ANY_FAIL, (FAIL, DOWN))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.PROVIDER


def test_checks_are_asked_first_and_then_what_weighs_most() -> None:
    assert cheap_first([True, True, False], ANY_FAIL) == (2, 0, 1)
    assert cheap_first([True, True, False], Combination(weights=(0.1, -2.0, 0.0))) == (2, 1, 0)


# --- identity -------------------------------------------------------------------------------------------


def test_a_judge_that_is_no_set_keeps_the_id_it_had_before_there_were_sets() -> None:
    plain = {
        "instruction": "Be fair.",
        "demonstrations": (),
        "reasoning": True,
        "probability": False,
        "decision": {"threshold": None},
        "verbatim": None,
    }
    assert Candidate(instruction="Be fair.").id == digest(plain)[:16]


def test_the_name_of_an_assertion_is_no_part_of_what_a_set_is() -> None:
    one, other = (Candidate(assertions=(replace(POLITE, id=name), SHORT)) for name in ("a1", "b7"))
    assert one.id == other.id
    assert one.id != Candidate(assertions=(SHORT, POLITE)).id


@pytest.mark.parametrize(("members", "calls"), [((), 1), ((POLITE, SHORT), 1), ((SHORT,), 0)])
def test_only_prompts_take_calls(members: tuple[Assertion, ...], calls: int) -> None:
    assert Candidate(assertions=members).calls_per_row == calls


def test_a_prompt_is_a_judge_by_itself() -> None:
    assert judge_of(replace(POLITE, reasoning=False)) == Candidate(instruction="Is it kind?", reasoning=False)
