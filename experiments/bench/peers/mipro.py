"""DSPy's MIPROv2 at one of its own sizes."""

from collections.abc import Callable

import dspy

from experiments.bench.peers.program import baseline, dspy_of, exact, examples, judge_with, model
from experiments.bench.task import Found, Task


def sized(auto: str) -> Callable[[Task], Found]:
    """`light`, `medium` or `heavy`."""

    def find(task: Task) -> Found:
        with dspy_of(task):
            optimizer = dspy.MIPROv2(
                metric=exact,
                auto=auto,
                prompt_model=model(task, task.proposer, temperature=1.0),
                num_threads=task.threads,
                seed=task.seed + 1,  # DSPy takes a seed of 0 for none
            )
            program = optimizer.compile(
                baseline(task), trainset=examples(task.train), valset=examples(task.dev)
            )
        return judge_with(task, program)

    return find
