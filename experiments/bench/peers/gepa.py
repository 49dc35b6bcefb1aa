"""DSPy's GEPA, told what people decided and said."""

import dspy

from experiments.bench.peers.program import baseline, dspy_of, exact, examples, judge_with, model
from experiments.bench.task import Found, Task
from optimizers.wording import VERDICT_FIELD


def find(task: Task) -> Found:
    """Reflect on train, select on dev; the budget is GEPA's `max_metric_calls`."""
    with dspy_of(task):
        optimizer = dspy.GEPA(
            metric=with_feedback,
            max_metric_calls=task.calls,
            reflection_lm=model(task, task.proposer, temperature=1.0),
            num_threads=task.threads,
            warn_on_score_mismatch=False,
            seed=task.seed,
        )
        program = optimizer.compile(baseline(task), trainset=examples(task.train), valset=examples(task.dev))
    return judge_with(task, program)


def with_feedback(
    gold: dspy.Example,
    pred: dspy.Prediction,
    trace: object = None,
    pred_name: str | None = None,  # noqa: ARG001  # DSPy passes it by name
    pred_trace: object = None,  # noqa: ARG001
) -> dspy.Prediction:
    """The exact match, and in words what a person decided and why."""
    score = exact(gold, pred, trace)
    verdict = "right" if score else "wrong"
    words = f" They say: {gold['critique']}" if gold.get("critique") else ""
    feedback = f"The verdict is {verdict}: a person decided `{gold[VERDICT_FIELD]}`.{words}"
    return dspy.Prediction(score=score, feedback=feedback)
