"""The (candidate x example) matrix of outcomes: what a search knows, and pays for once."""

from collections.abc import Iterable, Mapping, Sequence

from optimizers.types import DecisionRule, Failure, FailureKind, Label, Outcome, Verdict


def decided(outcome: Outcome, rule: DecisionRule) -> Outcome:
    """`outcome` under `rule`. A threshold costs no call: it reads a probability that is there.

    An answer that should carry a probability of fail and does not is unparseable.
    """
    if rule.threshold is None or isinstance(outcome, Failure):
        return outcome
    if outcome.fail_probability is None:
        return Failure(
            kind=FailureKind.UNPARSEABLE,
            message="the answer gives no probability of fail, which the threshold needs",
            answer=outcome.label.value,
            usage=outcome.usage,
        )
    label = Label.FAIL if outcome.fail_probability >= rule.threshold else Label.PASS
    return Verdict(
        label=label,
        fail_probability=outcome.fail_probability,
        rationale=outcome.rationale,
        usage=outcome.usage,
    )


class VerdictMatrix:
    """Outcomes by prompt and example id, as the model gave them, before any threshold.

    A prompt is whatever text names it, the same for candidates whose rendered messages are the same.
    """

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str], Outcome] = {}

    def missing(self, prompt: str, example_ids: Iterable[str]) -> tuple[str, ...]:
        """Those of `example_ids` that `prompt` has not been asked about, once each, in order."""
        return tuple(i for i in dict.fromkeys(example_ids) if (prompt, i) not in self._cells)

    def add(self, prompt: str, outcomes: Mapping[str, Outcome]) -> None:
        """Keep `outcomes`, read without a threshold."""
        self._cells |= {(prompt, example_id): outcome for example_id, outcome in outcomes.items()}

    def outcomes(self, prompt: str, example_ids: Sequence[str], rule: DecisionRule) -> dict[str, Outcome]:
        """The known outcomes among `example_ids`, in their order, under `rule`."""
        known = ((i, self._cells.get((prompt, i))) for i in example_ids)
        return {i: decided(cell, rule) for i, cell in known if cell is not None}
