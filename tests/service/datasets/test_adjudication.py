"""Which label counts."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from optimizers.types import Label
from service.datasets.adjudication import LabelSource, Vote, corrects, decide

PASS, FAIL = Label.PASS, Label.FAIL


def _votes(*labels: Label) -> list[Vote]:
    return [Vote(annotator=f"a{n}", label=label) for n, label in enumerate(labels)]


def test_nobody_said_anything() -> None:
    decision = decide(None, "odd", [])
    assert (decision.label, decision.source, decision.critique) == (None, None, "odd")


def test_an_explicit_label_is_the_reference() -> None:
    decision = decide(PASS, None, _votes(FAIL, FAIL))
    assert (decision.label, decision.source) == (PASS, LabelSource.GIVEN)


@pytest.mark.parametrize("order", list(itertools.permutations([PASS, FAIL, FAIL])))
def test_without_one_the_majority_counts(order: tuple[Label, ...]) -> None:
    assert decide(None, None, _votes(*order)).label is FAIL


def test_a_tie_waits() -> None:
    decision = decide(None, None, _votes(PASS, FAIL))
    assert (decision.label, decision.source) == (None, LabelSource.TIE)


def test_the_last_adjudication_counts() -> None:
    first = Vote(annotator="a", label=PASS, adjudicates=True)
    last = Vote(annotator="b", label=FAIL, adjudicates=True)
    assert decide(PASS, None, [first, last, *_votes(PASS, PASS)]).label is FAIL


def test_a_critique_does_not_outlive_its_label() -> None:
    overruled = Vote(annotator="a", label=FAIL, adjudicates=True)
    assert decide(PASS, "well done", [overruled]).critique is None
    confirmed = Vote(annotator="a", label=PASS, adjudicates=True)
    assert decide(PASS, "well done", [confirmed]).critique == "well done"


def test_the_majority_explains_itself() -> None:
    votes = [
        Vote(annotator="a", label=PASS, critique="fine"),
        Vote(annotator="b", label=FAIL, critique="rude"),
        Vote(annotator="c", label=FAIL),
    ]
    assert decide(None, None, votes).critique == "rude"


@given(st.lists(st.sampled_from(Label), max_size=7))
def test_a_majority_does_not_depend_on_the_order_of_votes(labels: list[Label]) -> None:
    assert decide(None, None, _votes(*labels)).label == decide(None, None, _votes(*reversed(labels))).label


@pytest.mark.parametrize(
    ("given_label", "votes", "correction"),
    [
        (PASS, [], True),
        (None, _votes(PASS, FAIL), True),
        (None, _votes(PASS), False),
        (None, [], False),
    ],
)
def test_a_word_on_a_settled_or_tied_row_is_a_correction(
    given_label: Label | None, votes: list[Vote], correction: bool
) -> None:
    assert corrects(decide(given_label, None, votes)) is correction
