"""DSPy's ReAnchor: how the probabilities of a decision are read, fitted to the labels.

It needs an output of a decision type, so that the judge's signature differs in that one field;
answers that are kept while it fits, as its documentation asks; and a program that never raises, for a
single answer out of format ends it. The rows for it are train and dev together.
"""

from typing import Annotated, Literal

import dspy
from dspy.experimental import Choice
from dspy.teleprompt.reanchor import ReAnchor
from dspy.utils.exceptions import AdapterParseError

from experiments.bench.peers.program import dspy_of, exact, examples, judge_with
from experiments.bench.task import Found, Task
from optimizers.judge import judge_signature
from optimizers.wording import VERDICT_FIELD, objective

Decision = Annotated[
    Literal["pass", "fail"],
    Choice[("pass", "The output meets the criterion."), ("fail", "It does not.")],
]


class Deciding(dspy.Module):  # type: ignore[misc]  # DSPy is not typed
    """One predictor with a decision. Its verdict is `None` where the answer cannot be read."""

    def __init__(self, criterion: str) -> None:
        super().__init__()
        signature = judge_signature(objective("", criterion), reasoning=True, probability=False)
        self.judge = dspy.Predict(signature.with_updated_fields(VERDICT_FIELD, type_=Decision))

    def forward(self, **row: str) -> dspy.Prediction:
        """Judge one row."""
        try:
            return self.judge(**row)
        except AdapterParseError:
            return dspy.Prediction(**{VERDICT_FIELD: None})


def find(task: Task) -> Found:
    """Fit the weights of the two verdicts."""
    with dspy_of(task, cache=True):
        optimizer = ReAnchor(exact, num_threads=task.threads)
        rows = examples((*task.train, *task.dev))
        program = optimizer.compile(Deciding(task.criterion), trainset=rows)
    return judge_with(task, program)
