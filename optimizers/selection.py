"""Which of a run's candidates wins: the best kappa on dev, and among equals the cheapest prompt."""

from collections.abc import Iterable

from optimizers.types import Evaluation, Trial


def winner(trials: Iterable[Trial]) -> Trial | None:
    """The first of `ranked`, or `None` where no trial is complete."""
    return next(iter(ranked(trials)), None)


def ranked(trials: Iterable[Trial]) -> tuple[Trial, ...]:
    """The complete trials, best first: higher dev kappa, then fewer prompt tokens, then the earlier.

    A candidate that a race dropped cannot win. Where kappa is undefined there is nothing to choose
    by: such trials come last, the earlier (so the baseline) first.
    """
    return tuple(sorted((t for t in trials if t.complete), key=_preference))


def _preference(trial: Trial) -> tuple[bool, float, float, int]:
    if trial.kappa is None:
        return True, 0.0, 0.0, trial.number
    # Rounded, so that equal confusions compare as equal whatever the order of their sums.
    return False, -round(trial.kappa, 12), prompt_tokens(trial.evaluation), trial.number


def prompt_tokens(evaluation: Evaluation) -> float:
    """Mean prompt tokens per judgement; 0 for an empty evaluation."""
    counts = [outcome.usage.prompt_tokens for outcome in evaluation.outcomes.values()]
    return sum(counts) / len(counts) if counts else 0.0
