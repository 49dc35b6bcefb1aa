"""DSPy as its users use it: the judge program, their own metric, `dspy.LM` to an OpenAI-compatible
address, no answers kept."""

import contextvars
import logging
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import dspy

from experiments.bench.task import Found, Task
from optimizers.judge import JudgeProgram, dspy_example
from optimizers.strategies.quiet import quiet
from optimizers.types import Example, Label, LabelledExample, ModelRef
from optimizers.wording import INPUT_FIELD, OUTPUT_FIELD, VERDICT_FIELD

_NO_LIMIT = 1_000_000


def model(task: Task, ref: ModelRef, *, temperature: float = 0.0, cache: bool = False) -> dspy.LM:
    """The task's model for DSPy."""
    address = {"api_base": ref.api_base} if ref.api_base else {}
    key = {"api_key": "none"} if task.simulated else {}
    return dspy.LM(
        ref.name, temperature=temperature, max_tokens=4096, cache=cache, num_retries=3, **address, **key
    )


@contextmanager
def fresh_memory() -> Iterator[None]:
    """Answers are kept for this search alone, where they are kept at all: DSPy's own cache outlives the
    process, and takes one address for another."""
    before = dspy.cache
    dspy.configure_cache(enable_disk_cache=False, enable_memory_cache=True)
    try:
        yield
    finally:
        dspy.cache = before


@contextmanager
def dspy_of(task: Task, *, cache: bool = False) -> Iterator[None]:
    """DSPy's settings for this thread. Rows that fail do not end a search, as they would after ten."""
    logging.getLogger("dspy").setLevel(logging.CRITICAL)
    with (
        quiet(),
        fresh_memory(),
        dspy.context(
            lm=model(task, task.model, cache=cache),
            adapter=dspy.ChatAdapter(use_json_adapter_fallback=False),
            disable_history=True,
            max_errors=_NO_LIMIT,
            num_threads=task.threads,
            async_max_workers=task.threads,
        ),
    ):
        yield


def baseline(task: Task) -> JudgeProgram:
    """Where every peer starts."""
    return JudgeProgram(task.criterion)


def examples(rows: Sequence[LabelledExample]) -> list[dspy.Example]:
    """Rows for DSPy. A critique travels beside the fields, as the rationale's source does not exist."""
    return [dspy_example(row) for row in rows]


def exact(example: dspy.Example, prediction: dspy.Prediction | None, _trace: object = None) -> float:
    """1 for the person's label, else 0: the metric that tutorials use."""
    return float(prediction is not None and prediction.get(VERDICT_FIELD) == example[VERDICT_FIELD])


def judge_with(task: Task, program: Callable[..., dspy.Prediction]) -> Found:
    """The found program as a judge."""

    def label(row: Example) -> Label | None:
        try:
            said = program(**{INPUT_FIELD: row.input, OUTPUT_FIELD: row.output})
            return Label(said[VERDICT_FIELD])
        except Exception:
            return None  # an answer that cannot be read is no verdict

    def judged(rows: Sequence[Example]) -> list[Label | None]:
        with dspy_of(task), ThreadPoolExecutor(task.threads) as pool:
            waiting = [pool.submit(contextvars.copy_context().run, label, row) for row in rows]
            return [one.result() for one in waiting]

    return judged
