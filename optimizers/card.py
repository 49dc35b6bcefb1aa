"""The report card of criteria: how the verdicts of each, and of the whole set, fit people's labels."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from optimizers.criteria.measures import measures
from optimizers.intervals import DRAWS, Estimate, bootstrap, bootstrap_kappa
from optimizers.kappa import Confusion, confusion
from optimizers.shares import difference, wilson
from optimizers.types import Label

FEW_PER_CLASS = 5
"""Labels of a class below which nothing is said for or against a criterion."""


class Support(StrEnum):
    """What people's labels say of a criterion."""

    SUPPORTED = "supported"
    TOO_FEW_FAILS = "too few rows labelled fail to tell"
    TOO_FEW_PASSES = "too few rows labelled pass to tell"
    CATCHES_NOTHING = "catches no row that people failed"
    NOT_SHOWN = "not shown to fail bad rows more often than good ones"
    CONTRADICTED = "fails good rows more often than bad ones"


@dataclass(frozen=True, kw_only=True, slots=True)
class RowsBehind:
    """The ids of the rows behind the numbers, each sorted. The judge's side is named first; `unanswered` have
    no verdict, `pending` have a label and have not been judged yet: they are in no number."""

    caught: tuple[str, ...]
    missed: tuple[str, ...]
    wrongly_failed: tuple[str, ...]
    rightly_passed: tuple[str, ...]
    unanswered: tuple[str, ...]
    pending: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Card:
    """How verdicts fit labels on `n` rows, `bad` of them labelled fail.

    `coverage` and `false_failure_rate` have Wilson's intervals, `alignment` and `kappa` those of the
    bootstrap by group. `separation` is coverage minus false failure rate, in [-1, 1]; where its interval
    holds 0, chance explains what the criterion catches.
    """

    n: int
    bad: int
    coverage: Estimate
    false_failure_rate: Estimate
    separation: Estimate
    alignment: Estimate
    kappa: Estimate
    support: Support
    rows: RowsBehind


@dataclass(frozen=True, kw_only=True, slots=True)
class CriterionCard:
    """A criterion against the labels that count, and against its own where people gave such."""

    criterion: str
    overall: Card
    own: Card | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ReportCard:
    """`whole` is the set of all criteria: it fails a row where any member does."""

    whole: Card
    criteria: tuple[CriterionCard, ...]

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Criteria that nobody's labels support, neither overall nor their own."""
        return tuple(
            one.criterion
            for one in self.criteria
            if all(card.support is not Support.SUPPORTED for card in (one.overall, one.own) if card)
        )


Verdicts = Mapping[str, Label | None]
"""By example id; `None` where there is no verdict, no entry where none has been asked for."""


def any_fail(verdicts: Iterable[Label | None]) -> Label | None:
    """What a set says of a row: fail if any member does, else `None` if one gives no verdict, else pass."""
    said = set(verdicts)
    if Label.FAIL in said:
        return Label.FAIL
    return None if None in said else Label.PASS


def report_card(
    labels: Mapping[str, Label],
    verdicts: Mapping[str, Verdicts],
    groups: Mapping[str, str],
    *,
    own_labels: Mapping[str, Mapping[str, Label]] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> ReportCard:
    """Cards of each criterion in `verdicts`, and of the set.

    Args:
        labels: the label that counts, by example id.
        verdicts: by criterion, those of the assertion that stands for it.
        groups: each example's group.
        own_labels: by criterion, people's labels on it alone.
        seed: of the bootstrap.
        draws: of the bootstrap.

    The rows must be others than those on which the assertions were selected, or the numbers flatter. A set's
    verdict is known where any member fails the row, or all have been asked.
    """
    own = own_labels or {}
    return ReportCard(
        whole=card(labels, together(verdicts), groups, seed=seed, draws=draws),
        criteria=tuple(
            CriterionCard(
                criterion=name,
                overall=card(labels, said, groups, seed=seed, draws=draws),
                own=card(own[name], said, groups, seed=seed, draws=draws) if own.get(name) else None,
            )
            for name, said in verdicts.items()
        ),
    )


def together(verdicts: Mapping[str, Verdicts]) -> dict[str, Label | None]:
    """The set's verdicts, where they are known."""
    ids = sorted({example_id for said in verdicts.values() for example_id in said})
    found = {}
    for example_id in ids:
        given = [said[example_id] for said in verdicts.values() if example_id in said]
        if len(given) == len(verdicts) or Label.FAIL in given:
            found[example_id] = any_fail(given)
    return found


def card(
    labels: Mapping[str, Label],
    verdicts: Verdicts,
    groups: Mapping[str, str],
    *,
    seed: int = 0,
    draws: int = DRAWS,
) -> Card:
    """How `verdicts` fit `labels` on the rows that have both.

    Wilson's intervals take rows for independent; where groups are large they are too narrow, and those of
    alignment and kappa are the ones to go by.
    """
    ids = sorted(labels.keys() & verdicts.keys())
    truth, judged = [labels[i] for i in ids], [verdicts[i] for i in ids]
    of = [groups[i] for i in ids]
    table = confusion(truth, judged)
    caught, failed = wilson(table.tp, table.bad), wilson(table.fp, table.good)
    separation = difference(caught, failed)
    return Card(
        n=table.n,
        bad=table.bad,
        coverage=caught,
        false_failure_rate=failed,
        separation=separation,
        alignment=bootstrap(truth, judged, of, _alignment, rng=np.random.default_rng([seed, 0]), draws=draws),
        kappa=bootstrap_kappa(truth, judged, of, rng=np.random.default_rng([seed, 1]), draws=draws),
        support=_support(caught, failed, separation),
        rows=_rows_behind(ids, truth, judged, sorted(labels.keys() - verdicts.keys())),
    )


def _alignment(table: Confusion) -> float | None:
    return measures(table).alignment


def _support(caught: Estimate, failed: Estimate, separation: Estimate) -> Support:
    if caught.n < FEW_PER_CLASS:
        return Support.TOO_FEW_FAILS
    if failed.n < FEW_PER_CLASS:
        return Support.TOO_FEW_PASSES
    if separation.high is not None and separation.high < 0:
        return Support.CONTRADICTED
    if caught.value == 0:
        return Support.CATCHES_NOTHING
    shown = separation.low is not None and separation.low > 0
    return Support.SUPPORTED if shown else Support.NOT_SHOWN


def _rows_behind(
    ids: Sequence[str], truth: Sequence[Label], judged: Sequence[Label | None], pending: Sequence[str]
) -> RowsBehind:
    def where(label: Label, verdict: Label) -> tuple[str, ...]:
        cells = zip(ids, truth, judged, strict=True)
        return tuple(i for i, own, said in cells if own is label and said is verdict)

    return RowsBehind(
        caught=where(Label.FAIL, Label.FAIL),
        missed=where(Label.FAIL, Label.PASS),
        wrongly_failed=where(Label.PASS, Label.FAIL),
        rightly_passed=where(Label.PASS, Label.PASS),
        unanswered=tuple(i for i, said in zip(ids, judged, strict=True) if said is None),
        pending=tuple(pending),
    )
