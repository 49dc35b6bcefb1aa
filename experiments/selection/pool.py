"""The assertions that people bring: for each kind of defect, and for some things that do not matter."""

from experiments.worlds import WorldFile
from experiments.worlds.vocabulary import Term
from optimizers.strategies.criteria import ALONE
from optimizers.types import Assertion, AssertionKind

DISTRACTIONS = 4
"""Criteria that people suggest and that mean nothing in the world."""

WORDINGS = 2
"""Assertions of each criterion."""


def people_assertions(file: WorldFile) -> tuple[Assertion, ...]:
    """Candidate assertions for each criterion that people name, in several wordings each."""
    terms = (*file.terms.kinds, *file.terms.distractions[:DISTRACTIONS])
    return tuple(_assertion(term, n) for term in terms for n in range(1, WORDINGS + 1))


def _assertion(term: Term, wordings: int) -> Assertion:
    """The criterion, said in so many ways. The id begins with what it is about."""
    more = "".join(f"\nThat is: {phrase}." for phrase in term.phrases[1:wordings])
    return Assertion(
        id=f"{term.id}/{wordings}",
        criterion=f"No {term.phrases[0]}.",
        kind=AssertionKind.PROMPT,
        text=ALONE + more,
        probability=True,
    )
