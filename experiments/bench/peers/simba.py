"""DSPy's SIMBA, with its defaults. It knows one set of rows, so it gets train and dev together."""

import dspy

from experiments.bench.peers.program import baseline, dspy_of, exact, examples, judge_with
from experiments.bench.task import Found, Task


def find(task: Task) -> Found:
    """Rules and demonstrations from contrasts between runs of one row."""
    with dspy_of(task):
        optimizer = dspy.SIMBA(metric=exact, num_threads=task.threads)
        rows = examples((*task.train, *task.dev))
        program = optimizer.compile(baseline(task), trainset=rows, seed=task.seed)
    return judge_with(task, program)
