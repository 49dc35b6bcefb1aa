"""The threshold on a judge's probability of fail: fitted without a call, kept if it holds across folds."""

import hashlib
from collections.abc import Sequence

from optimizers.calibration import fit_threshold
from optimizers.kappa import cohen_kappa, confusion
from optimizers.types import Evaluation, Label, LabelledExample, Verdict

FOLDS = 5
LEAST_GAIN = 0.01
"""Kappa that a threshold must gain on rows that it was not fitted on."""


def worthwhile_threshold(evaluation: Evaluation, rows: Sequence[LabelledExample]) -> float | None:
    """The threshold with the best kappa on `rows`, if thresholds fitted on four fifths of them beat the
    verdicts as written on the fifth that they have not seen; `None` otherwise.

    Rows of one group stay in one fold.
    """
    truth = [row.label for row in rows]
    probabilities = [_probability(evaluation, row) for row in rows]
    if all(p is None for p in probabilities):
        return None
    written = cohen_kappa(confusion(truth, [_written(evaluation, row) for row in rows]))
    held_out = cohen_kappa(confusion(truth, _across_folds(rows, probabilities)))
    fitted = fit_threshold(truth, probabilities)
    if fitted is None or held_out is None or held_out < (written or 0.0) + LEAST_GAIN:
        return None
    return round(fitted.value, 4)


def _across_folds(
    rows: Sequence[LabelledExample], probabilities: Sequence[float | None]
) -> list[Label | None]:
    """For each row the verdict under the threshold that was fitted on the other folds."""
    folds = [_fold(row) for row in rows]
    judged: list[Label | None] = [None] * len(rows)
    for fold in range(FOLDS):
        others = [i for i, own in enumerate(folds) if own != fold]
        fitted = fit_threshold([rows[i].label for i in others], [probabilities[i] for i in others])
        for i, own in enumerate(folds):
            p = probabilities[i]
            if own == fold and fitted is not None and p is not None:
                judged[i] = Label.FAIL if p >= fitted.value else Label.PASS
    return judged


def _fold(row: LabelledExample) -> int:
    return int.from_bytes(hashlib.sha256(row.example.group_key.encode()).digest()[:4], "big") % FOLDS


def _probability(evaluation: Evaluation, row: LabelledExample) -> float | None:
    outcome = evaluation.outcomes[row.id]
    return outcome.fail_probability if isinstance(outcome, Verdict) else None


def _written(evaluation: Evaluation, row: LabelledExample) -> Label | None:
    outcome = evaluation.outcomes[row.id]
    return outcome.label if isinstance(outcome, Verdict) else None
