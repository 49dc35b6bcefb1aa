"""The cheap supervised baseline: a judge that loses to it is not worth its price."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from threadpoolctl import threadpool_limits

from optimizers.types import Example, Label, LabelledExample

_WORD = r"\b\w+\b"

FOLDS = 5
FEWEST_OF_A_CLASS = 10
"""Rows of a class below which a classifier has nothing to learn from."""


def supervised_verdicts(
    labelled: Sequence[LabelledExample], unseen: Sequence[Example], *, seed: int
) -> tuple[Label, ...] | None:
    """Labels for `unseen` by TF-IDF and logistic regression fitted on `labelled`.

    Words and word pairs of output and of input are separate features, beside how much of the
    output stands in the input; classes are balanced. `None` where `labelled` holds fewer than two
    classes.
    """
    if len({row.label for row in labelled}) < 2 or not unseen:
        return None
    # A field without a single word (a dataset without inputs, say) has no vocabulary to fit.
    worded = [
        f for f in ("output", "input") if any(re.search(_WORD, getattr(r.example, f)) for r in labelled)
    ]
    overlap = make_pipeline(FunctionTransformer(_overlap), StandardScaler())
    model = make_pipeline(
        make_union(*(_words(field) for field in worded), overlap),
        LogisticRegression(class_weight="balanced", max_iter=1_000, random_state=seed),
    )
    # So small a fit is ten times slower on several threads, which spin while they wait for each other.
    with threadpool_limits(1):
        model.fit([row.example for row in labelled], [row.label.value for row in labelled])
        return tuple(Label(value) for value in model.predict(list(unseen)))


def cross_validated_verdicts(
    rows: Sequence[LabelledExample], *, seed: int, folds: int = FOLDS
) -> dict[str, Label] | None:
    """A label for each of `rows` by id, by a classifier fitted on the other folds.

    Rows of one group are in one fold, labels are spread over them; the order of the rows has no say.
    `None` where a class has fewer than `FEWEST_OF_A_CLASS` rows, or fewer groups than there are folds.
    """
    rows = sorted(rows, key=lambda row: row.id)
    groups = {label: {row.example.group_key for row in rows if row.label is label} for label in Label}
    if min(sum(row.label is label for row in rows) for label in Label) < FEWEST_OF_A_CLASS:
        return None
    if min(map(len, groups.values())) < folds:
        return None
    splitter = StratifiedGroupKFold(n_splits=folds, shuffle=True, random_state=seed)
    labels, keys = [row.label.value for row in rows], [row.example.group_key for row in rows]
    found: dict[str, Label] = {}
    for learned, held_out in splitter.split(rows, labels, keys):
        unseen = [rows[i] for i in held_out]
        said = supervised_verdicts([rows[i] for i in learned], [row.example for row in unseen], seed=seed)
        if said is None:
            return None
        found |= {row.id: label for row, label in zip(unseen, said, strict=True)}
    return found


def _words(field: str) -> TfidfVectorizer:
    return TfidfVectorizer(
        preprocessor=lambda example: getattr(example, field).lower(),
        ngram_range=(1, 2),
        sublinear_tf=True,
        token_pattern=_WORD,  # one-letter words too, so that short texts have features
    )


def _overlap(examples: Sequence[Example]) -> NDArray[np.float64]:
    """Shape (rows, 5): shares of shared words in output and input, both lengths, words not in input."""
    return np.array([_overlap_of(e.input.lower(), e.output.lower()) for e in examples])


def _overlap_of(given: str, answer: str) -> list[float]:
    known, said = set(re.findall(_WORD, given)), re.findall(_WORD, answer)
    distinct = set(said)
    shared = len(distinct & known)
    return [
        shared / max(1, len(distinct)),
        shared / max(1, len(known)),
        float(np.log1p(len(said))),
        float(np.log1p(len(given))),
        float(np.log1p(len(distinct) - shared)),
    ]
