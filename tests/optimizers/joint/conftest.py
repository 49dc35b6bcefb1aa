"""Rows, evaluations and a workbench for the parts of the joint search."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from optimizers.testing.lab import Lab, Table
from optimizers.testing.world import JudgeWorld
from optimizers.types import Evaluation, Example, Label, LabelledExample, Verdict

WORLD = JudgeWorld(train=40, dev=40, test=0, stubborn=0.0)
"""Half of the rows are bad, of four kinds in turn; the judge knows the first kind by itself."""


def row(
    id_: str,
    output: str = "",
    label: Label = Label.PASS,
    *,
    critique: str | None = None,
    group: str | None = None,
) -> LabelledExample:
    """A labelled row with an input of its own."""
    example = Example(id=id_, input=f"question {id_}", output=output, group=group)
    return LabelledExample(example=example, label=label, critique=critique)


def judged(labels: dict[str, Label | None]) -> Evaluation:
    """An evaluation with these verdicts; `None` is left out."""
    outcomes = {id_: Verdict(label=label) for id_, label in labels.items() if label is not None}
    return Evaluation(candidate_id="x", outcomes=outcomes)


@pytest.fixture
def table(tmp_path: Path) -> Iterator[Table]:
    """A workbench before the world's model, without a budget."""
    with Lab(ledger=tmp_path / "ledger", world=WORLD).bench(calls=None) as opened:
        yield opened
