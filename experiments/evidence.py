"""From what was judged to the values of a report."""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

from optimizers.intervals import Agreement, Gain, agreement, paired_gain, selection_corrected
from optimizers.report import (
    DevReading,
    JudgePrices,
    Provenance,
    Repeatability,
    Report,
    SupervisedBaseline,
    TestReading,
    per_judgement,
)
from optimizers.supervised import supervised_verdicts
from optimizers.types import Evaluation, Label, LabelledExample, Snapshot, Trial

NO_VERDICT_SHARE = 0.05
"""Share of rows without a verdict from which on a report says so."""


class Evidence:
    """Statistics over the rows of one snapshot.

    The generators of resampling depend on the snapshot and the statistic's name, not on a run's seed:
    the same judge on the same rows has the same interval in every run.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._digest = snapshot.digest

    def dev(self, rows: Sequence[LabelledExample], trials: Iterable[Trial], best: Trial) -> DevReading:
        """Baseline (trial 0) and winner on dev, and what the winner is worth as the best of many."""
        complete = [trial for trial in trials if trial.complete]
        judged = {t.candidate.id: t.evaluation.judged([row.id for row in rows]) for t in complete}
        return DevReading(
            baseline=self.agreement(rows, complete[0].evaluation),
            best=self.agreement(rows, best.evaluation),
            selection_corrected=selection_corrected(
                _labels(rows), judged, _groups(rows), rng=self._rng("selection")
            ),
            candidates=len(judged),
        )

    def test(
        self, rows: Sequence[LabelledExample], baseline: Evaluation, best: Evaluation, readings: int
    ) -> TestReading:
        """Baseline and winner on the same test rows; the gain is 0 where they are one judge."""
        same = baseline.candidate_id == best.candidate_id
        return TestReading(
            baseline=self.agreement(rows, baseline),
            best=self.agreement(rows, best),
            gain=Gain(value=0.0, low=0.0, high=0.0, p_value=1.0) if same else self.gain(rows, baseline, best),
            per_judgement=JudgePrices(baseline=per_judgement(baseline.usage), best=per_judgement(best.usage)),
            readings=readings,
        )

    def supervised(
        self, train: Sequence[LabelledExample], test: Sequence[LabelledExample], best: Evaluation
    ) -> SupervisedBaseline | None:
        """The cheap classifier on the same rows; `None` where train holds one class only."""
        verdicts = supervised_verdicts(train, [row.example for row in test], seed=0)
        if verdicts is None:
            return None
        judged = best.judged([row.id for row in test])
        truth, groups = _labels(test), _groups(test)
        return SupervisedBaseline(
            agreement=agreement(truth, verdicts, groups, rng=self._rng("agreement")),
            best_gain=paired_gain(truth, verdicts, judged, groups, rng=self._rng("supervised gain")),
        )

    def agreement(self, rows: Sequence[LabelledExample], evaluation: Evaluation) -> Agreement:
        """One judge against people on `rows`."""
        judged = evaluation.judged([row.id for row in rows])
        return agreement(_labels(rows), judged, _groups(rows), rng=self._rng("agreement"))

    def gain(self, rows: Sequence[LabelledExample], before: Evaluation, after: Evaluation) -> Gain:
        """Kappa of `after` minus kappa of `before`, paired."""
        ids = [row.id for row in rows]
        return paired_gain(
            _labels(rows), before.judged(ids), after.judged(ids), _groups(rows), rng=self._rng("gain")
        )

    def _rng(self, name: str) -> np.random.Generator:
        text = f"{self._digest}/{name}"
        return np.random.default_rng(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


def repeatability(first: Evaluation, second: Evaluation) -> Repeatability:
    """How often the rows of `second` got the same label (or as little a label) as in `first`."""
    ids = list(second.outcomes)
    same = sum(a == b for a, b in zip(first.judged(ids), second.judged(ids), strict=True))
    return Repeatability(n=len(ids), same=same, share=same / len(ids))


def _labels(rows: Sequence[LabelledExample]) -> list[Label]:
    return [row.label for row in rows]


def _groups(rows: Sequence[LabelledExample]) -> list[str]:
    return [row.example.group_key for row in rows]


# --- what a reader must be told ---------------------------------------------------------------------


def provenance_warning(provenance: Provenance) -> Iterable[str]:
    """Where the verdicts are not a language model's."""
    if provenance is Provenance.DEMONSTRATION:
        yield "demonstration with the offline model, not a language model: its numbers say nothing about one"
    elif provenance is Provenance.SIMULATED:
        yield "simulated: the verdicts come from a stand-in for a model, in an invented world"


def reading_warnings(report: Report) -> Iterable[str]:
    """What in the numbers themselves deserves a second look."""
    test = report.test
    if test.best is None:
        yield "no test rows were set aside: nothing is measured on rows unseen by the choice of the best"
        return
    if test.best.unparseable > NO_VERDICT_SHARE * test.best.n:
        yield f"the best judge gave no verdict on {test.best.unparseable} of {test.best.n} test rows"
    rival = report.supervised_baseline
    if rival is not None and _beats(rival.agreement, test.best):
        yield (
            "a TF-IDF classifier fitted on the train rows agrees with people at least as well as the best "
            "judge, and costs nothing"
        )


def _beats(rival: Agreement, best: Agreement) -> bool:
    ours, theirs = best.kappa.value, rival.kappa.value
    return theirs is not None and (ours is None or theirs >= ours)
