"""The assertions that people keep for a dataset, for a run whose strategy chooses among assertions."""

from sqlmodel import Session

from optimizers.types import Assertion, AssertionKind
from service.criteria.assertions import live_assertions

CHOOSING = frozenset({"criteria"})
"""Strategies that choose among them."""


def assertions(session: Session, dataset_id: str) -> tuple[Assertion, ...]:
    """Those in use, in the order in which they came."""
    return tuple(
        Assertion(
            id=kept.id,
            criterion=kept.criterion,
            kind=AssertionKind(kept.kind),
            text=kept.text,
            reasoning=kept.reasoning,
        )
        for kept in live_assertions(session, dataset_id)
    )
