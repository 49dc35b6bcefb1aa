"""The (candidate x example) matrix of outcomes: what a search knows, and pays for once."""

from collections.abc import Iterable, Mapping, Sequence

from optimizers.types import Candidate, DecisionRule, Failure, FailureKind, Label, Outcome, Verdict


def prompt_id(candidate: Candidate) -> str:
    """The id that candidates share whose prompts are one and whose thresholds differ."""
    return candidate.with_(decision=DecisionRule()).id


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
    """Outcomes by prompt and example id, as the model gave them, before any threshold."""

    def __init__(self) -> None:
        self._cells: dict[tuple[str, str], Outcome] = {}

    def missing(self, candidate: Candidate, example_ids: Iterable[str]) -> tuple[str, ...]:
        """Those of `example_ids` that the candidate's prompt has not been asked about, in order."""
        prompt = prompt_id(candidate)
        return tuple(i for i in dict.fromkeys(example_ids) if (prompt, i) not in self._cells)

    def add(self, candidate: Candidate, outcomes: Mapping[str, Outcome]) -> None:
        """Keep `outcomes`, read without a threshold, under the candidate's prompt."""
        prompt = prompt_id(candidate)
        self._cells |= {(prompt, example_id): outcome for example_id, outcome in outcomes.items()}

    def outcomes(self, candidate: Candidate, example_ids: Sequence[str]) -> dict[str, Outcome]:
        """The known outcomes among `example_ids`, in their order, under the candidate's rule."""
        prompt = prompt_id(candidate)
        known = ((i, self._cells.get((prompt, i))) for i in example_ids)
        return {i: decided(cell, candidate.decision) for i, cell in known if cell is not None}
