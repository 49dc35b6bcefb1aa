"""Choosing assertions by the labels of some rows, and measuring the set on others."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from sqlmodel import Session

from optimizers.card import card
from optimizers.errors import NotEnoughLabels
from optimizers.splits import require_labels_to_evaluate
from optimizers.types import Label, Part
from service.criteria import assertions as actions
from service.criteria import verdicts, views
from service.criteria.assertion_schemas import AssertionOut
from service.criteria.card import plain_measures, shown
from service.criteria.labelled import LabelledRows, labelled_rows
from service.criteria.standing import Outcomes, matrix
from service.criteria.statistics_schemas import Selection, SelectionOut, SelectionRows
from service.criteria.tables import AssertionRow
from service.datasets.snapshots import settle
from service.errors import Conflict

LEAST_JUDGED = 0.9
"""The share of labelled rows that an assertion must have been asked about to take part: rows that one lacks
count for none, so one that has hardly begun would take the rows from all others."""

CHECK_PRICE = 0.5
"""What a check costs beside a prompt, where the best kappa is looked for: nothing to ask, but as much to read
and to keep."""


@dataclass(frozen=True, kw_only=True)
class Material:
    """What is chosen from: those that take part, what they said, and the labelled rows."""

    asked: Selection
    model: verdicts.Asked
    assertions: Sequence[AssertionRow]
    told: Mapping[str, AssertionOut]
    waiting: Sequence[str]
    outcomes: Outcomes
    rows: LabelledRows

    @cached_property
    def labels(self) -> dict[str, Label]:
        """Of the rows of train and dev that all who take part have been asked about."""
        return {
            i: label
            for i, label in self.rows.of(Part.TRAIN, Part.DEV).items()
            if all(i in self.outcomes[row.id] for row in self.assertions)
        }

    def rows_in(self, part: Part) -> list[str]:
        """Those of these rows that are in one part."""
        return [i for i in self.labels if self.rows.parts[i] is part]


def material(session: Session, dataset_id: str, asked: Selection) -> Material:
    """Gather what is chosen from. Rows get their parts here, for good: no row that a set is chosen by may
    measure a judge later.

    Raises:
        NotFound: there is no such dataset or assertion.
        NotEnoughLabels: the dataset has fewer than 20, and it is not forced; or train lacks one class.
        Conflict: no assertion has been asked about the labelled rows.
    """
    chosen = actions.wanted(session, dataset_id, asked.assertions)
    model = verdicts.asked_model(session, dataset_id, asked.model, asked.api_base)
    if not asked.force:
        require_labels_to_evaluate(labelled_rows(session, dataset_id).labels.values())
    settle(session, dataset_id)
    rows = labelled_rows(session, dataset_id)
    outcomes = verdicts.outcomes(session, chosen, model)
    used = rows.of(Part.TRAIN, Part.DEV)
    ready = [row for row in chosen if used and _judged(outcomes[row.id], used) >= LEAST_JUDGED]
    if not ready:
        raise Conflict(
            f"no assertion of {dataset_id} has been asked about {LEAST_JUDGED:.0%} of its labelled rows: "
            "start an assertion run first"
        )
    found = Material(
        asked=asked,
        model=model,
        assertions=ready,
        told={one.id: one for one in views.assertions(session, ready)},
        waiting=[row.id for row in chosen if row not in ready],
        outcomes=outcomes,
        rows=rows,
    )
    _require_both(found.labels[i] for i in found.rows_in(Part.TRAIN))
    return found


def _judged(outcomes: Mapping[str, object], rows: Mapping[str, Label]) -> float:
    return sum(i in outcomes for i in rows) / len(rows)


def choose(found: Material) -> SelectionOut:
    """The chosen set. It may take a while: call it outside of any transaction.

    Raises:
        SelectionInfeasible: no set meets the bounds of SPADE's programmes.
    """
    # scipy's solver: only those who choose load it.
    from optimizers.criteria.best_kappa import PRICE  # noqa: PLC0415
    from optimizers.criteria.selection import SelectionRequest, select  # noqa: PLC0415

    labels = found.labels
    chosen_on, reported_on = found.rows_in(Part.TRAIN), found.rows_in(Part.DEV)
    matrix_ = matrix(found.assertions, found.outcomes, labels)
    chosen = select(
        matrix_,
        SelectionRequest(
            rule=found.asked.rule,
            alpha=found.asked.alpha,
            tau=found.asked.tau,
            criteria=_by_criterion(found.assertions),
            prices={row.id: PRICE * CHECK_PRICE for row in found.assertions if row.kind == "check"},
        ),
        selection_rows=chosen_on,
        report_rows=reported_on,
    )
    reported = matrix_.restricted(reported_on)
    said = dict(zip(reported.rows, reported.judged(chosen.assertions), strict=True))
    report = card({i: labels[i] for i in reported_on}, said, found.rows.groups) if reported_on else None
    return SelectionOut(
        rule=found.asked.rule,
        model=found.model.name,
        assertions=[found.told[assertion_id] for assertion_id in chosen.assertions],
        selection=plain_measures(chosen.selection.confusion),
        report=shown(report) if report else None,
        rows=SelectionRows(
            selection=len(chosen_on),
            report=len(reported_on),
            not_judged=len(found.rows.of(Part.TRAIN, Part.DEV)) - len(labels),
        ),
        waiting=list(found.waiting),
    )


def _by_criterion(assertions: Sequence[AssertionRow]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in assertions:
        found.setdefault(row.criterion_id, []).append(row.id)
    return found


def _require_both(labels: Iterable[Label]) -> None:
    given = set(labels)
    missing = {label.value: 1 for label in Label if label not in given}
    if missing:
        raise NotEnoughLabels(
            f"the rows to choose on (train) must have both labels, got no {' and no '.join(missing)}", missing
        )
