"""DSPy's MIPROv2: bootstrapped examples, proposed instructions, a Bayesian search over both.

Steps one and two are DSPy's and call the models through the gateway; in step three its programs are
evaluated on the workbench. All that it measures is chosen from again by kappa on dev. How many
candidates and trials there are follows from the budget, so that a run ends within it.
"""

import contextlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dspy
from dspy.teleprompt.mipro_optimizer_v2 import MIPROv2
from dspy.utils.exceptions import AdapterParseError

from optimizers.judge import JudgeProgram, program_of
from optimizers.strategies import options
from optimizers.strategies.demonstrations import balanced
from optimizers.strategies.dspy_bench import DspyBench, dspy_run, training
from optimizers.strategies.starting import start
from optimizers.types import Label, LabelledExample
from optimizers.workbench import Workbench

_LARGEST_MINIBATCH = 35
_FEW_ROWS = 20
_PROPOSAL_ATTEMPTS = 2
_DESCRIBED_BATCHES = 3
_UNLIMITED_CALLS = 2000
"""What the sizes are reckoned for where there is no budget: about DSPy's `medium` on 60 rows."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """MIPROv2's knobs, as many as `calls` can pay.

    About a quarter goes to bootstrapping: `sets` sets, of which all but two (no examples, labels
    alone) are found by judging at most `train_rows` rows each.
    """

    instructions: int
    sets: int
    train_rows: int

    @classmethod
    def fitting(cls, calls: int, *, train: int) -> "Sizes":
        """The sizes for a search of `calls`, with `train` rows to learn from."""
        candidates = min(12, max(3, calls // 80))
        sets = candidates + 1
        rows = min(train, max(4, calls // 4 // (sets - 2)))
        return cls(instructions=candidates, sets=sets, train_rows=rows)


class SearchEnded(BaseException):
    """Ends MIPROv2's search where the budget, less a reserve, has no room for its next evaluation.

    Repeated combinations cost nothing, so the number of trials that fit is not known beforehand. What
    was found is kept on the workbench.
    """


class BenchEvaluate:
    """Stands where MIPROv2 has its `Evaluate`: scores a program on the workbench."""

    def __init__(self, view: DspyBench, reserve: int) -> None:
        self._view = view
        self._reserve = reserve

    def __call__(self, program: JudgeProgram, devset: Sequence[dspy.Example], **_: object) -> dspy.Prediction:
        """The mean surrogate in percent, as DSPy's `Evaluate` has it.

        Raises:
            SearchEnded: it does not fit.
        """
        if not self._view.bench.affordable(self._view.missing(program, devset) + self._reserve):
            raise SearchEnded
        outcomes = self._view.outcomes(program, devset)
        scores = [self._view.row_score(e, o) for e, o in zip(devset, outcomes, strict=True)]
        return dspy.Prediction(score=round(100 * sum(scores) / len(scores), 2), results=[])


class BenchMipro(MIPROv2):  # type: ignore[misc]  # DSPy is not typed
    """MIPROv2 whose third step runs on the workbench."""

    def __init__(self, evaluate: BenchEvaluate, **settings: Any) -> None:
        super().__init__(auto=None, log_dir=None, verbose=False, track_stats=False, **settings)
        self._evaluate = evaluate

    def _propose_instructions(
        self, program: JudgeProgram, *rest: object, **settings: object
    ) -> dict[int, list[str]]:
        """DSPy's proposals; asked for anew where one cannot be read, else the program's own alone."""
        for _ in range(_PROPOSAL_ATTEMPTS):
            with contextlib.suppress(AdapterParseError):
                proposed: dict[int, list[str]] = super()._propose_instructions(program, *rest, **settings)
                return proposed
        return {i: [p.signature.instructions] for i, p in enumerate(program.predictors())}

    def _optimize_prompt_parameters(
        self,
        program: JudgeProgram,
        instructions: dict[int, list[str]],
        demos: list[Any] | None,
        _: Callable[..., object],
        *rest: object,
    ) -> JudgeProgram:
        found: JudgeProgram = super()._optimize_prompt_parameters(
            program, instructions, demos, self._evaluate, *rest
        )
        return found

    def _perform_full_evaluation(
        self, trial: int, trials: int, tried: dict[str, object], full: dict[str, object], *rest: Any
    ) -> tuple[float, JudgeProgram, int]:
        """DSPy's full evaluation of the best so far; none where all that was tried has had one.

        DSPy raises then, which a small menu of instructions and examples brings about.
        """
        if set(tried) <= set(full):
            (_, _, _, total_calls, _, best_score, best_program, *_) = rest
            return best_score, best_program, total_calls
        found: tuple[float, JudgeProgram, int] = super()._perform_full_evaluation(
            trial, trials, tried, full, *rest
        )
        return found


def minibatch_size(rows: int) -> int:
    """Rows that a trial sees before it is worth all `rows`: half, at most DSPy's 35; all if few."""
    return rows if rows < _FEW_ROWS else min(_LARGEST_MINIBATCH, rows // 2)


class Mipro:
    """DSPy's MIPROv2 with re-selection by kappa.

    Args:
        most_trials: trials of its Bayesian search at most; the budget may allow fewer.
        bootstrapped_demos: examples with the judge's own rationale in a set at most.
        labeled_demos: examples in a set at most, those without a rationale of the judge included.
        temperature: of the proposer.

    Raises:
        InvalidInput: an option is out of range.
    """

    name = "mipro"

    def __init__(
        self,
        *,
        most_trials: int = 40,
        bootstrapped_demos: int = 4,
        labeled_demos: int = 4,
        temperature: float = 1.0,
    ) -> None:
        self.most_trials = options.whole_number("most_trials", most_trials, low=1, high=1000)
        self.bootstrapped_demos = options.whole_number(
            "bootstrapped_demos", bootstrapped_demos, low=1, high=32
        )
        self.labeled_demos = options.whole_number("labeled_demos", labeled_demos, low=1, high=64)
        self.temperature = options.share("temperature", temperature, high=2.0)

    def run(self, bench: Workbench) -> None:
        """Run MIPROv2 within the budget, then choose again by kappa."""
        base = start(bench)
        calls = bench.room(_UNLIMITED_CALLS)
        reserve = len(bench.problem.dev)
        sizes = Sizes.fitting(calls - reserve, train=len(bench.problem.train))
        view = DspyBench(bench, self.name)
        rows = balanced(view.train, sizes.train_rows, bench.rng("mipro"))
        if {row.label for row in rows} != set(Label) or not bench.affordable(
            _least_calls(sizes, len(rows)) + 2 * reserve
        ):
            return
        with contextlib.suppress(SearchEnded), dspy_run(bench):
            self._compile(bench, view, sizes, program_of(base, bench.problem.criterion), rows)
        view.finish()

    def _compile(
        self,
        bench: Workbench,
        view: DspyBench,
        sizes: Sizes,
        program: JudgeProgram,
        rows: Sequence[LabelledExample],
    ) -> None:
        minibatch = minibatch_size(len(view.valset))
        self._optimizer(bench, view, sizes).compile(
            program,
            trainset=training(rows),
            valset=view.valset,
            num_trials=self.most_trials,
            minibatch=minibatch < len(view.valset),
            minibatch_size=minibatch,
            program_aware_proposer=False,
            view_data_batch_size=max(10, math.ceil(len(rows) / _DESCRIBED_BATCHES)),
        )

    def _optimizer(self, bench: Workbench, view: DspyBench, sizes: Sizes) -> BenchMipro:
        optimizer = BenchMipro(
            BenchEvaluate(view, reserve=len(view.valset)),
            metric=view.metric,
            metric_threshold=1.0,  # an example counts as bootstrapped if its verdict is right
            prompt_model=bench.proposer_lm(),
            task_model=bench.judge_lm(),
            num_candidates=sizes.sets,
            max_bootstrapped_demos=self.bootstrapped_demos,
            max_labeled_demos=self.labeled_demos,
            num_threads=1,
            max_errors=_UNLIMITED_CALLS,
            init_temperature=self.temperature,
            seed=bench.seed(self.name) + 1,  # DSPy takes a seed of 0 for none
        )
        optimizer.num_instruct_candidates = sizes.instructions
        return optimizer


def _least_calls(sizes: Sizes, rows: int) -> int:
    """Calls of the first two steps at most: bootstrapping, then describing the data and instructions."""
    return (sizes.sets - 2) * rows + _PROPOSAL_ATTEMPTS * (_DESCRIBED_BATCHES + 1 + sizes.instructions)
