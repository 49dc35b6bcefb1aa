"""The cheap supervised baseline: a judge that loses to it is not worth its price."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline, make_union
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from optimizers.types import Example, Label, LabelledExample

_WORD = r"\b\w+\b"


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
    model.fit([row.example for row in labelled], [row.label.value for row in labelled])
    return tuple(Label(value) for value in model.predict(list(unseen)))


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
