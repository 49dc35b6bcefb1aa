"""The alignment card as of now: an evaluation's verdicts against the labels that people give today."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, func, select
from sqlmodel import Session, col

from optimizers.clustered import shares_of_groups
from optimizers.intervals import Agreement, agreement_of_groups, paired_gain_of_groups
from optimizers.kappa import Confusion
from optimizers.types import Label, Part
from service.datasets.counts import human_agreement
from service.datasets.tables import ExampleRow
from service.errors import NotFound
from service.evaluations.actions import KIND
from service.evaluations.card import PAGE_ROWS, SEED
from service.evaluations.schemas import AgreementOut, Cell, LabelsSince, SupervisedOut
from service.evaluations.tables import EvaluationRow, VerdictRow
from service.figures import ConfusionOut, GainOut, IntervalOut

CELLS: Mapping[tuple[str, str | None], Cell] = {
    (Label.FAIL, Label.FAIL): "tp",
    (Label.PASS, Label.FAIL): "fp",
    (Label.FAIL, Label.PASS): "fn",
    (Label.PASS, Label.PASS): "tn",
    (Label.FAIL, None): "unparseable",
    (Label.PASS, None): "unparseable",
}
"""A row's place in the confusion table, by people's label and a judge's verdict."""

_COUNTED = {pair: cell for pair, cell in CELLS.items() if pair[1]} | {
    (Label.FAIL, None): "unparseable_bad",
    (Label.PASS, None): "unparseable_good",
}
"""The same as `Confusion` names it."""

_SEARCHED = (Part.TRAIN, Part.DEV)

_Tables = dict[str, Counter[str]]


@dataclass
class _Counted:
    """What one pass over the verdicts counts. Tables are by group."""

    judged: int = 0
    judge: _Tables = field(default_factory=lambda: defaultdict(Counter))
    classifier: _Tables = field(default_factory=lambda: defaultdict(Counter))
    beside_classifier: _Tables = field(default_factory=lambda: defaultdict(Counter))
    """The judge's, on the rows that the classifier has seen."""
    failures: Counter[str] = field(default_factory=Counter)
    searched: int = 0
    """Labelled rows of train and dev."""
    changed: int = 0
    added: int = 0
    withdrawn: int = 0

    def add(self, group: str, label: str | None, then: str | None, row: Sequence[Any]) -> None:
        """Count one row with its label of now, and of then."""
        verdict, classifier, failure, part = row
        self.judged += 1
        if failure is not None:
            self.failures[failure] += 1
        if label != then:
            self.added += then is None
            self.withdrawn += label is None
            self.changed += label is not None and then is not None
        if label is None:
            return
        self.searched += part in _SEARCHED
        cell = _COUNTED[label, verdict]
        self.judge[group][cell] += 1
        if classifier is not None:
            self.classifier[group][_COUNTED[label, classifier]] += 1
            self.beside_classifier[group][cell] += 1


def now(session: Session, evaluation_id: str, part: Part | None = None) -> AgreementOut:
    """How far the judge agrees with people, as their labels are now, over the rows that are judged so far,
    or those of one part.

    Raises:
        NotFound: there is no such evaluation.
    """
    evaluation = session.get(EvaluationRow, evaluation_id)
    if evaluation is None:
        raise NotFound(KIND, evaluation_id)
    counted = _count(session, evaluation, part)
    tables = [Confusion(**cells) for cells in counted.judge.values()]
    found = agreement_of_groups(tables, rng=np.random.default_rng(SEED))
    n_labelled = _labelled(session, evaluation.dataset_id, part)
    return AgreementOut(
        judged=counted.judged,
        n=found.n,
        n_labelled=n_labelled,
        searched=counted.searched if _found_here(evaluation) else 0,
        **_figures(found, tables),
        confusion=ConfusionOut.model_validate(found.confusion),
        unparseable=found.unparseable,
        failures=dict(counted.failures),
        human_agreement=human_agreement(session, evaluation.dataset_id),
        supervised_baseline=_supervised(counted),
        as_of=LabelsSince(
            changed=counted.changed,
            added=counted.added,
            withdrawn=counted.withdrawn,
            not_judged=n_labelled - found.n,
        ),
    )


def _found_here(evaluation: EvaluationRow) -> bool:
    """Whether a run on this dataset has found the judge."""
    provenance = evaluation.judge.get("artifact", {}).get("provenance", {})
    return bool(provenance.get("dataset_id") == evaluation.dataset_id)


def _count(session: Session, evaluation: EvaluationRow, part: Part | None) -> _Counted:
    of_row = (col(ExampleRow.dataset_id) == evaluation.dataset_id) & (
        col(ExampleRow.example_id) == col(VerdictRow.example_id)
    )
    statement = (
        select(
            col(ExampleRow.group_key),
            col(ExampleRow.label),
            col(VerdictRow.label),
            col(VerdictRow.verdict),
            col(VerdictRow.classifier),
            col(VerdictRow.failure),
            col(ExampleRow.part),
        )
        .join(ExampleRow, of_row)
        .where(col(VerdictRow.evaluation_id) == evaluation.id, *of_part(part))
        .execution_options(yield_per=PAGE_ROWS)
    )
    counted = _Counted()
    for group, label, then, *row in session.execute(statement):
        counted.add(group, label, then, row)
    return counted


def of_part(part: Part | None) -> tuple[ColumnElement[bool], ...]:
    """The condition of a row's part; none for all rows."""
    return () if part is None else (col(ExampleRow.part) == part,)


def _labelled(session: Session, dataset_id: str, part: Part | None) -> int:
    statement = select(func.count()).where(
        col(ExampleRow.dataset_id) == dataset_id, col(ExampleRow.label).is_not(None), *of_part(part)
    )
    return session.scalar(statement) or 0


def _figures(found: Agreement, tables: Iterable[Confusion]) -> dict[str, Any]:
    """The card's numbers, each with its interval."""
    shares = shares_of_groups(tables)
    shown = {
        "kappa": found.kappa,
        "accuracy": shares.accuracy,
        "precision": shares.precision,
        "recall": shares.coverage,
        "coverage": shares.coverage,
        "f1": shares.f1,
        "false_failure_rate": shares.false_failure_rate,
    }
    intervals: dict[str, Any] = {
        name: IntervalOut.model_validate(estimate) for name, estimate in shown.items()
    }
    return intervals | {"answered_kappa": found.answered_kappa}


def _supervised(counted: _Counted) -> SupervisedOut | None:
    if not counted.classifier:
        return None
    tables = {group: Confusion(**cells) for group, cells in counted.classifier.items()}
    judge = {group: Confusion(**cells) for group, cells in counted.beside_classifier.items()}
    found = agreement_of_groups(tables.values(), rng=np.random.default_rng(SEED))
    pairs = [(tables[group], judge[group]) for group in tables]
    gain = paired_gain_of_groups(pairs, rng=np.random.default_rng(SEED))
    return SupervisedOut(
        kappa=IntervalOut.model_validate(found.kappa),
        accuracy=IntervalOut.model_validate(shares_of_groups(tables.values()).accuracy),
        judge_gain=GainOut.model_validate(gain),
        n=found.n,
    )
