"""Labels that good candidates contradict with confidence: worth another look, and nothing more.

The candidates of a run have judged the rows anyway. A logistic regression over their answers, fitted on
other rows, says how probable each label is; confident learning compares that with what is usual for the
class. It was chosen over Dawid and Skene's model because candidates are no independent workers: they are
one language model asked in different words and err on the same rows, which that model takes for so many
independent witnesses. A regression learns their joint weight from the labels instead.

Nothing is relabelled here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.multiannotator import get_label_quality_multiannotator
from cleanlab.rank import get_label_quality_scores
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from threadpoolctl import threadpool_limits

from optimizers.types import Label, Outcome, Verdict
from optimizers.votes import answers

Array = NDArray[np.float64]

LEAST_KAPPA = 0.2
"""Candidates with less agreement on the labels do not testify."""

LEAST_CANDIDATES = 2
LEAST_LABELS = 50
LEAST_PER_CLASS = 10
_FOLDS = 5
_INVERSE_PENALTY = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class Witness:
    """A candidate whose verdict contradicts the label. `kappa` is its agreement on all labels."""

    candidate_id: str
    kappa: float
    fail_probability: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspect:
    """One person's label on one row, in doubt.

    `quality` is how probable the label is by all that others say, in [0, 1]: below one half it is more
    probably wrong than right, if what others say is right as often as on the other rows. `contradicted_by`
    are the candidates against it, best kappa first, of `asked` that gave a verdict; `others` are the
    people who gave the other label.
    """

    example_id: str
    annotator: str
    label: Label
    quality: float
    contradicted_by: tuple[Witness, ...]
    asked: int
    others: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Suspects:
    """The suspect labels, least probable first, or none and `why_none`.

    `witnesses` are the candidates that were heard; `looked_at` counts the labels that were.
    """

    suspects: tuple[Suspect, ...]
    witnesses: tuple[str, ...]
    looked_at: int
    why_none: str | None = None


def suspect_labels(
    labels: Mapping[str, Mapping[str, Label]],
    verdicts: Mapping[str, Mapping[str, Outcome]],
    kappas: Mapping[str, float | None],
    groups: Mapping[str, str],
) -> Suspects:
    """Which of people's labels good candidates contradict with confidence.

    Args:
        labels: by annotator, each one's labels by example id.
        verdicts: by candidate, its outcomes by example id; failures and gaps are not counted as votes. A
            candidate that shows labelled rows as demonstrations should not be heard on those.
        kappas: each candidate's agreement with people; those below `LEAST_KAPPA` are not heard.
        groups: each example's group: no row is judged by a regression that saw its group.

    Where any row has labels of several people the quality of a label also counts what the others said,
    and how reliable each person and the regression are (CROWDLAB).

    Source: Northcutt, Jiang and Chuang, Confident Learning (2021); Goh, Tkachenko and Mueller, CROWDLAB
    (2022); both as in the library `cleanlab`.
    """
    heard = sorted(name for name in verdicts if (kappas.get(name) or 0.0) >= LEAST_KAPPA)
    table = _Table.of(labels)
    rows = [i for i in table.rows if any(isinstance(verdicts[c].get(i), Verdict) for c in heard)]
    table = table.only(rows)
    if why := _too_little(table, heard):
        return Suspects(suspects=(), witnesses=tuple(heard), looked_at=table.labels, why_none=why)
    with threadpool_limits(1):  # what several threads add up depends on how many there are
        usual = _out_of_fold(answers(rows, heard, verdicts), table.consensus, [groups[i] for i in rows])
        qualities = _qualities(table, usual)
    found = [
        _suspect(table, row, person, float(quality), heard, verdicts, kappas)
        for row, person, quality in qualities
    ]
    kept = [one for one in found if one.contradicted_by or one.others]
    ranked = sorted(kept, key=lambda one: (one.quality, one.example_id, one.annotator))
    return Suspects(suspects=tuple(ranked), witnesses=tuple(heard), looked_at=table.labels)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Table:
    """Who said what: `given` has shape (rows, people), 1 for fail, 0 for pass, NaN for nothing."""

    rows: Sequence[str]
    people: Sequence[str]
    given: Array

    @classmethod
    def of(cls, labels: Mapping[str, Mapping[str, Label]]) -> "_Table":
        people = sorted(labels)
        rows = sorted({row for said in labels.values() for row in said})
        cells = [[_coded(labels[person].get(row)) for person in people] for row in rows]
        return cls(rows=rows, people=people, given=np.array(cells).reshape(len(rows), len(people)))

    def only(self, rows: Sequence[str]) -> "_Table":
        wanted = set(rows)
        kept = [row in wanted for row in self.rows]
        return _Table(rows=rows, people=self.people, given=self.given[kept])

    @property
    def labels(self) -> int:
        return int(np.sum(~np.isnan(self.given)))

    @property
    def several(self) -> bool:
        return bool(np.any(np.sum(~np.isnan(self.given), axis=1) > 1))

    @property
    def consensus(self) -> NDArray[np.int64]:
        """The majority of each row; a tie is a fail, so that it is not overlooked."""
        fails: NDArray[np.int64] = (np.nanmean(self.given, axis=1) >= 0.5).astype(np.int64)
        return fails


def _coded(label: Label | None) -> float:
    return np.nan if label is None else float(label is Label.FAIL)


def _too_little(table: _Table, heard: Sequence[str]) -> str | None:
    if len(heard) < LEAST_CANDIDATES:
        return f"{len(heard)} candidate(s) have kappa {LEAST_KAPPA} or more; {LEAST_CANDIDATES} are needed"
    if len(table.rows) < LEAST_LABELS:
        return f"{len(table.rows)} labelled rows have verdicts; {LEAST_LABELS} are needed"
    fails = int(table.consensus.sum())
    fewest = min(fails, len(table.rows) - fails)
    if fewest < LEAST_PER_CLASS:
        return f"one class has {fewest} labelled row(s); {LEAST_PER_CLASS} are needed"
    return None


def _out_of_fold(said: Array, truth: NDArray[np.int64], groups: Sequence[str]) -> Array:
    """Shape (rows, 2): probabilities of pass and of fail, each row's from the folds without its group."""
    found = np.zeros((len(truth), 2))
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=0)
    for train, test in folds.split(said, truth, groups):
        if len(np.unique(truth[train])) < 2:  # one group holds nearly all of a class
            found[test] = 1 - truth[train].mean(), truth[train].mean()
            continue
        model = LogisticRegression(C=_INVERSE_PENALTY, max_iter=1_000)
        found[test] = model.fit(said[train], truth[train]).predict_proba(said[test])
    return found


def _qualities(table: _Table, usual: Array) -> list[tuple[int, int, float]]:
    """The suspect cells (row, person) of the table with each label's quality."""
    if table.several:
        detailed = get_label_quality_multiannotator(table.given, usual, verbose=False)
        quality = np.asarray(detailed["detailed_label_quality"], dtype=np.float64)
        cells = zip(*np.nonzero(quality < 0.5), strict=True)  # NaN, where nobody labelled, is not below
        return [(int(row), int(person), quality[row, person]) for row, person in cells]
    issues = find_label_issues(table.consensus, usual, n_jobs=1)
    scores = get_label_quality_scores(table.consensus, usual, method="self_confidence")
    people = np.argmin(np.isnan(table.given), axis=1)
    return [(int(row), int(people[row]), scores[row]) for row in np.flatnonzero(issues)]


def _suspect(
    table: _Table,
    row: int,
    person: int,
    quality: float,
    heard: Sequence[str],
    verdicts: Mapping[str, Mapping[str, Outcome]],
    kappas: Mapping[str, float | None],
) -> Suspect:
    example_id, own = table.rows[row], table.given[row, person]
    label = Label.FAIL if own else Label.PASS
    said = [(name, verdicts[name].get(example_id)) for name in heard]
    answered = [(name, outcome) for name, outcome in said if isinstance(outcome, Verdict)]
    witnesses = [
        Witness(candidate_id=name, kappa=kappas[name] or 0.0, fail_probability=outcome.fail_probability)
        for name, outcome in answered
        if outcome.label is not label
    ]
    others = [i for i, given in enumerate(table.given[row]) if given == 1 - own]
    return Suspect(
        example_id=example_id,
        annotator=table.people[person],
        label=label,
        quality=quality,
        contradicted_by=tuple(sorted(witnesses, key=lambda one: (-one.kappa, one.candidate_id))),
        asked=len(answered),
        others=tuple(table.people[i] for i in others),
    )
