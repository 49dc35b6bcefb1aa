"""How well one assertion, or a set of them, does what people's labels ask for.

A set fails an output if any member does.
"""

from dataclasses import dataclass

from optimizers.kappa import Confusion, cohen_kappa, coverage, false_failure_rate


@dataclass(frozen=True, kw_only=True, slots=True)
class AlignmentMeasures:
    """Coverage, false failure rate, alignment and kappa on a set of rows, with their counts.

    Each is `None` where it is undefined; see `optimizers.kappa`.
    """

    coverage: float | None
    false_failure_rate: float | None
    alignment: float | None
    kappa: float | None
    confusion: Confusion


def measures(c: Confusion) -> AlignmentMeasures:
    """The measures of a confusion table."""
    return AlignmentMeasures(
        coverage=coverage(c),
        false_failure_rate=false_failure_rate(c),
        alignment=alignment(coverage(c), false_failure_rate(c)),
        kappa=cohen_kappa(c),
        confusion=c,
    )


def alignment(coverage_: float | None, false_failures: float | None) -> float | None:
    """Harmonic mean of coverage C and 1 - F, 2C(1-F) / (C+1-F), in [0, 1], higher is better.

    `None` where either is undefined.

    Source: Shankar et al., Who Validates the Validators? Aligning LLM-Assisted Evaluation of LLM
    Outputs with Human Preferences (EvalGen, 2024).
    """
    if coverage_ is None or false_failures is None:
        return None
    spared = 1 - false_failures
    return 2 * coverage_ * spared / (coverage_ + spared) if coverage_ + spared else 0.0
