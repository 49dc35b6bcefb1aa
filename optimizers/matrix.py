"""The (candidate x example) matrix of outcomes: what a search knows, and pays for once."""

from collections.abc import Iterable, Mapping, Sequence

from optimizers.reading import decided
from optimizers.types import DecisionRule, Outcome


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

    def cell(self, prompt: str, example_id: str) -> Outcome | None:
        """The outcome as the model gave it, where it is known."""
        return self._cells.get((prompt, example_id))

    def outcomes(self, prompt: str, example_ids: Sequence[str], rule: DecisionRule) -> dict[str, Outcome]:
        """The known outcomes among `example_ids`, in their order, under `rule`."""
        known = ((i, self._cells.get((prompt, i))) for i in example_ids)
        return {i: decided(cell, rule) for i, cell in known if cell is not None}
