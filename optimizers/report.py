"""The report of a run: what was measured, on which rows, and what follows from it.

The field names are the keys of the JSON form. Every number that can be undefined is `None` there,
and the estimate beside it says why. What differs between two runs that are the same stands under
`spend`, `per_judgement` and `readings` alone: an artifact's digest leaves these out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from optimizers.intervals import Agreement, Estimate, Gain
from optimizers.kappa import HumanAgreement
from optimizers.restoring import restore, to_plain
from optimizers.types import Usage

SIGNIFICANCE = 0.05
"""The largest p-value of a change that counts as shown."""


class Conclusion(StrEnum):
    """What the final test says about the gain over the baseline."""

    IMPROVED = "improved"
    NOT_SHOWN = "not shown"
    WORSE = "worse"
    NOT_MEASURED = "not measured"


class Recommended(StrEnum):
    """Which of the two judges the evidence speaks for."""

    BEST = "best"
    BASELINE = "baseline"


class Provenance(StrEnum):
    """Where the verdicts came from."""

    MODEL = "model"
    SIMULATED = "simulated"
    DEMONSTRATION = "demonstration, not a language model"


@dataclass(frozen=True, kw_only=True, slots=True)
class PerJudgement:
    """What one judgement takes on average, at the recorded price. `None` where it is unknown."""

    prompt_tokens: float | None
    completion_tokens: float | None
    cost_usd: float | None
    latency_ms: float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class JudgePrices:
    """The two judges' averages per judgement on the test rows."""

    baseline: PerJudgement | None = None
    best: PerJudgement | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class TestReading:
    """Baseline and winner on the same test rows, each measured once. All `None` without test rows.

    `readings` counts how often this dataset's test rows have been read by runs, this one included;
    0 where nobody keeps count.
    """

    __test__ = False  # not a test case, whatever pytest thinks of its name

    baseline: Agreement | None = None
    best: Agreement | None = None
    gain: Gain | None = None
    per_judgement: JudgePrices = JudgePrices()
    readings: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class DevReading:
    """Baseline and winner on dev, where the winner was chosen: flattering to it by construction.

    `selection_corrected` is the winner's kappa once the choice among `candidates` is accounted for.
    """

    baseline: Agreement
    best: Agreement
    selection_corrected: Estimate
    candidates: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SupervisedBaseline:
    """TF-IDF and logistic regression, fitted on train and measured on test.

    `best_gain` is the winner's kappa minus this one's. Where it does not lie above 0, the judge is
    not shown to be worth its price.
    """

    agreement: Agreement
    best_gain: Gain


@dataclass(frozen=True, kw_only=True, slots=True)
class Repeatability:
    """The winner asked a second time: `same` of `n` rows got the same verdict. `share` is in [0, 1]."""

    n: int
    same: int
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Spend:
    """What the run took. `calls` are logical, `cached_calls` those that the ledger answered.

    `cost_usd` is at recorded prices, `paid_cost_usd` what this run really paid; `None`: unknown.
    """

    calls: int
    cached_calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    wall_s: float
    paid_calls: int = 0
    paid_cost_usd: float | None = None

    @classmethod
    def of(cls, usage: Usage, *, paid: Usage, wall_s: float) -> "Spend":
        """The spend of a run from its logical and its really paid usage."""
        return cls(
            calls=usage.calls,
            cached_calls=usage.cached_calls,
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cost_usd=usage.cost_usd,
            wall_s=wall_s,
            paid_calls=paid.calls,
            paid_cost_usd=paid.cost_usd,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Report:
    """All evidence about a run's winner."""

    conclusion: Conclusion
    recommended: Recommended
    provenance: Provenance
    test: TestReading
    dev: DevReading
    human_agreement: HumanAgreement
    supervised_baseline: SupervisedBaseline | None
    repeatability: Repeatability | None
    spend: Spend
    warnings: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, object]:
        """The JSON form; `from_dict` reads it back."""
        return cast("dict[str, object]", to_plain(self))

    @classmethod
    def from_dict(cls, value: Mapping[str, object]) -> "Report":
        """Read the JSON form. Keys that this version does not know are ignored.

        Raises:
            TypeError, ValueError: a key is missing or its value is of another kind.
        """
        return restore(cls, value)


def conclude(gain: Gain | None) -> Conclusion:
    """`improved` where the gain's whole interval lies above 0, `worse` where it lies below.

    The permutation must agree: over a handful of groups the bootstrap's interval is too narrow, and
    a p-value above `SIGNIFICANCE` leaves the change not shown.
    """
    if gain is None or gain.value is None or gain.low is None or gain.high is None:
        return Conclusion.NOT_MEASURED
    if gain.p_value is not None and gain.p_value > SIGNIFICANCE:
        return Conclusion.NOT_SHOWN
    if gain.low > 0:
        return Conclusion.IMPROVED
    if gain.high < 0:
        return Conclusion.WORSE
    return Conclusion.NOT_SHOWN


def recommend(conclusion: Conclusion) -> Recommended:
    """The winner on evidence alone: a change that is not shown to help is not recommended."""
    return Recommended.BEST if conclusion is Conclusion.IMPROVED else Recommended.BASELINE


def per_judgement(usage: Usage) -> PerJudgement | None:
    """Averages of `usage` over its calls; `None` without a call."""
    if not usage.calls:
        return None
    return PerJudgement(
        prompt_tokens=usage.prompt_tokens / usage.calls,
        completion_tokens=usage.completion_tokens / usage.calls,
        cost_usd=None if usage.cost_usd is None else usage.cost_usd / usage.calls,
        latency_ms=usage.latency_ms / usage.calls,
    )
