"""The report card: how the criteria, each and together, fit people's labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session

from optimizers import card as core
from optimizers.criteria.measures import measures
from optimizers.kappa import Confusion
from optimizers.types import Label, Part
from service.criteria import own_labels, store, verdicts
from service.criteria.labelled import LabelledRows, groups_and_parts, labelled_rows
from service.criteria.standing import Outcomes, matrix, standing
from service.criteria.statistics_schemas import (
    AssertionMeasures,
    CardOut,
    CardRows,
    CriterionCardOut,
    MeasuresOut,
    ReportCardOut,
)
from service.criteria.tables import AssertionRow, CriterionRow
from service.figures import ConfusionOut


def report_card(session: Session, dataset_id: str, rows: CardRows, model: str | None) -> ReportCardOut:
    """The card as of now, from what assertions have said up to now.

    Raises:
        NotFound: there is no such dataset.
    """
    return _card(_material(session, dataset_id, rows, model))


@dataclass(frozen=True, kw_only=True)
class _Material:
    """All that a card is made of. `labels` are those of the card's rows."""

    dataset_id: str
    rows: CardRows
    model: verdicts.Asked
    labels: Mapping[str, Label]
    chosen_on: Mapping[str, Label]
    groups: Mapping[str, str]
    own: Mapping[str, Mapping[str, Label]]
    criteria: Sequence[CriterionRow]
    assertions: Mapping[str, Sequence[AssertionRow]]
    outcomes: Outcomes


def _material(session: Session, dataset_id: str, rows: CardRows, model: str | None) -> _Material:
    criteria = store.criteria_of(session, dataset_id)
    live = store.assertions_of(session, dataset_id)
    asked = verdicts.asked_model(session, dataset_id, model)
    labelled = labelled_rows(session, dataset_id)
    shown = labelled.of(Part.DEV) if rows == "report" else _untested(labelled)
    own, groups = _own(session, dataset_id, criteria, labelled, rows)
    return _Material(
        dataset_id=dataset_id,
        rows=rows,
        model=asked,
        labels=shown,
        chosen_on=labelled.of(Part.TRAIN),
        groups={**labelled.groups, **groups},
        own=own,
        criteria=criteria,
        assertions={one.id: [row for row in live if row.criterion_id == one.id] for one in criteria},
        outcomes=verdicts.outcomes(session, live, asked),
    )


def _untested(labelled: LabelledRows) -> dict[str, Label]:
    return {i: label for i, label in labelled.labels.items() if i not in labelled.tested}


def _own(
    session: Session,
    dataset_id: str,
    criteria: Sequence[CriterionRow],
    labelled: LabelledRows,
    rows: CardRows,
) -> tuple[dict[str, dict[str, Label]], dict[str, str]]:
    """People's labels on each criterion alone, on rows that are not in test, nor, for `report`, among those
    that assertions are chosen on; and the groups of these rows."""
    said = {one.id: own_labels.majority(own_labels.current(session, one.id)) for one in criteria}
    known = groups_and_parts(session, dataset_id, {i for labels in said.values() for i in labels})
    hidden = {i for i, (_, part) in known.items() if part is Part.TEST}
    if rows == "report":
        hidden |= labelled.of(Part.TRAIN, Part.TEST).keys()
    own = {
        name: {i: label for i, label in labels.items() if i not in hidden} for name, labels in said.items()
    }
    return own, {i: group for i, (group, _) in known.items()}


def _card(found: _Material) -> ReportCardOut:
    stands = {
        one.id: standing(found.assertions[one.id], found.outcomes, found.chosen_on) for one in found.criteria
    }
    said = {
        name: verdicts.labels_of(found.outcomes[row.id]) for name, row in stands.items() if row is not None
    }
    card = core.report_card(found.labels, said, found.groups, own_labels=found.own)
    cards = {one.criterion: one for one in card.criteria}
    unsupported = {*card.unsupported, *(stands.keys() - said.keys())}
    return ReportCardOut(
        dataset_id=found.dataset_id,
        rows=found.rows,
        model=found.model.name,
        n_labelled=len(found.labels),
        whole=shown(card.whole) if said else None,
        criteria=[
            _criterion(found, one, stands[one.id], cards.get(one.id), supported=one.id not in unsupported)
            for one in found.criteria
        ],
        unsupported=[one.id for one in found.criteria if one.id in unsupported],
    )


def _criterion(
    found: _Material,
    criterion: CriterionRow,
    stands: AssertionRow | None,
    card: core.CriterionCard | None,
    *,
    supported: bool,
) -> CriterionCardOut:
    return CriterionCardOut(
        criterion_id=criterion.id,
        name=criterion.name,
        text=criterion.text,
        version=criterion.version,
        assertion_id=stands.id if stands else None,
        supported=supported,
        overall=shown(card.overall) if card else None,
        own=shown(card.own) if card and card.own else None,
        assertions=[_assertion(found, row) for row in found.assertions[criterion.id]],
    )


def _assertion(found: _Material, row: AssertionRow) -> AssertionMeasures:
    """Its measures on the card's rows that it has been asked about."""
    labels = {i: label for i, label in found.labels.items() if i in found.outcomes[row.id]}
    plain = plain_measures(matrix([row], found.outcomes, labels).confusion([row.id]))
    return AssertionMeasures(
        assertion_id=row.id, kind="check" if row.kind == "check" else "prompt", **plain.model_dump()
    )


def plain_measures(confusion: Confusion) -> MeasuresOut:
    """The measures of a confusion table, without intervals."""
    own = measures(confusion)
    return MeasuresOut(
        n=confusion.n,
        coverage=own.coverage,
        false_failure_rate=own.false_failure_rate,
        alignment=own.alignment,
        kappa=own.kappa,
        confusion=ConfusionOut.model_validate(confusion),
    )


def shown(card: core.Card) -> CardOut:
    """The core's card as it looks outside."""
    return CardOut.model_validate(card)
