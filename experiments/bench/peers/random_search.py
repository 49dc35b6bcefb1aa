"""DSPy's BootstrapFewShotWithRandomSearch, with its defaults."""

import random

import dspy

from experiments.bench.peers.program import baseline, dspy_of, exact, examples, judge_with
from experiments.bench.task import Found, Task


def find(task: Task) -> Found:
    """Bootstrap on train, choose on dev."""
    rows = examples(task.train)
    random.Random(task.seed).shuffle(rows)  # noqa: S311  # an experiment, not security
    with dspy_of(task):
        optimizer = dspy.BootstrapFewShotWithRandomSearch(metric=exact, num_threads=task.threads)
        program = optimizer.compile(baseline(task), trainset=rows, valset=examples(task.dev))
    return judge_with(task, program)
