"""Which rows to label next, by what a dataset's assertions have said of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from optimizers.types import Label, Outcome
from service.criteria import store, verdicts
from service.datasets.labelling_schemas import Order, PickedBy
from service.datasets.store import EXAMPLES

SAMPLERS: Mapping[Order, str] = {"evalgen": "evalgen", "uncertain": "learning"}
"""The core's sampler behind each order."""

MOST_PICKS = 500
"""Rows that are ranked; those behind follow as they came. Nobody labels more before the next look."""

NOTHING_SAID = "no assertion has been asked about these rows yet: start an assertion run over all rows"
BY_CHANCE = "by chance so far: it takes 20 labels of both classes, on rows that assertions were asked about"

_PICKED: Mapping[str, PickedBy] = {"random": "random", "evalgen": "evalgen", "learning": "learning"}


@dataclass(frozen=True, kw_only=True)
class Ranked:
    """The next rows, best first, how they are to be recorded, and the order that this really is; `reason`
    says why it is not the one that was asked for."""

    rows: Sequence[str]
    picked_by: PickedBy
    order: Order
    reason: str | None


def ranked(
    session: Session,
    dataset_id: str,
    order: Order,
    open_rows: Sequence[str],
    seed: int,
) -> Ranked:
    """The rows of `open_rows` to label next; none, with a reason, where nothing has been said of any row and
    the order is by that alone."""
    # scikit-learn: only who asks for such an order waits for it.
    from optimizers.sampling import LabellingState, sampler_named  # noqa: PLC0415

    said = _said(session, dataset_id)
    if order == "evalgen" and not any(said.values()):
        return Ranked(rows=(), picked_by="order", order="given", reason=NOTHING_SAID)
    if not open_rows:
        return Ranked(rows=(), picked_by="order", order=order, reason=None)
    labels, groups = _labels_and_groups(session, dataset_id)
    state = LabellingState(
        open_rows=open_rows,
        labels=labels,
        outcomes=said,
        groups=groups,
    )
    picks = sampler_named(SAMPLERS[order]).next(state, min(MOST_PICKS, len(open_rows)), seed=seed)
    by_chance = picks.picked_by == "random"
    return Ranked(
        rows=picks.rows,
        picked_by=_PICKED[picks.picked_by],
        order="random" if by_chance else order,
        reason=BY_CHANCE if by_chance else None,
    )


def _said(session: Session, dataset_id: str) -> dict[str, dict[str, Outcome]]:
    live = store.assertions_of(session, dataset_id)
    return verdicts.outcomes(session, live, verdicts.asked_model(session, dataset_id, None))


def _labels_and_groups(session: Session, dataset_id: str) -> tuple[dict[str, Label], dict[str, str]]:
    """The labels that count, and the group of every row."""
    table = EXAMPLES.c
    query = EXAMPLES.select().with_only_columns(table.example_id, table.label, table.group_key)
    labels: dict[str, Label] = {}
    groups: dict[str, str] = {}
    for example_id, label, group in session.connection().execute(query.where(table.dataset_id == dataset_id)):
        groups[example_id] = group
        if label is not None:
            labels[example_id] = Label(label)
    return labels, groups
