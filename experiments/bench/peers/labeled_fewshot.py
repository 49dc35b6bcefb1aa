"""DSPy's LabeledFewShot: solved train rows, drawn by chance."""

import random
from collections.abc import Callable

import dspy

from experiments.bench.peers.program import baseline, dspy_of, examples, judge_with
from experiments.bench.task import Found, Task


def shots(k: int) -> Callable[[Task], Found]:
    """Show `k` rows."""

    def find(task: Task) -> Found:
        rows = examples(task.train)
        # DSPy always draws the same places of the list; the order is what the seed changes.
        random.Random(task.seed).shuffle(rows)  # noqa: S311  # an experiment, not security
        with dspy_of(task):
            program = dspy.LabeledFewShot(k=k).compile(baseline(task), trainset=rows)
        return judge_with(task, program)

    return find
