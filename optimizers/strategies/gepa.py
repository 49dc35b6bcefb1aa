"""DSPy's GEPA: reflection on a few train rows at a time, a Pareto front over dev rows.

The search is the `gepa` package's, the reflective data set and the proposer are DSPy's; programs are
evaluated on the workbench, and everything that saw dev is chosen from again by kappa. A person's
critique is the feedback. `dspy.GEPA.compile` itself wires in an evaluator of its own and a progress
bar, so its few lines of wiring stand here instead.
"""

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

import dspy
import gepa
from dspy.teleprompt.gepa.gepa_utils import DspyAdapter
from dspy.teleprompt.gepa.instruction_proposal import InstructionProposer
from dspy.utils.exceptions import AdapterParseError
from gepa.core.adapter import EvaluationBatch

from optimizers.judge import JudgeProgram, program_of
from optimizers.strategies import options
from optimizers.strategies.dspy_bench import DspyBench, dspy_run, training
from optimizers.strategies.starting import start
from optimizers.types import Failure, Label, Outcome
from optimizers.wording import PROBABILITY_FIELD, RATIONALE_FIELD, VERDICT_FIELD
from optimizers.workbench import Workbench

_UNLIMITED_CALLS = 2000
"""What a search lasts where there is no budget: about DSPy's `medium` on 60 rows."""

_REFLECTION_CALLS = 1
_CEILING = 4
"""GEPA also counts evaluations that the workbench has; by this multiple of the budget it ends anyway."""


class BenchAdapter(DspyAdapter):  # type: ignore[misc]  # DSPy is not typed
    """DSPy's adapter for GEPA whose programs are evaluated on the workbench."""

    def __init__(self, view: DspyBench, student: JudgeProgram, seed: int) -> None:
        super().__init__(
            student_module=student,
            metric_fn=view.metric,
            feedback_map={name: self._feedback for name, _ in student.named_predictors()},
            num_threads=1,
            rng=Random(seed),  # noqa: S311  # not for secrets
            reflection_lm=view.bench.proposer_lm(),
            # DSPy's default asks for structured output first and, where that fails, pays again.
            custom_instruction_proposer=InstructionProposer(
                adapter=dspy.ChatAdapter(use_json_adapter_fallback=False)
            ),
        )
        self._view = view

    def evaluate(
        self,
        batch: Sequence[dspy.Example],
        candidate: Mapping[str, str],
        capture_traces: bool = False,
        num_threads: int | None = None,  # noqa: ARG002  # DSPy's signature
    ) -> EvaluationBatch:
        """Outcomes, surrogate scores and, on demand, what there is to reflect on."""
        program: JudgeProgram = self.build_program(dict(candidate))
        outcomes = self._view.outcomes(program, batch)
        rows = list(zip(batch, outcomes, strict=True))
        scores = [self._view.row_score(example, outcome) for example, outcome in rows]
        traces = [_trajectory(program, e, o, s) for (e, o), s in zip(rows, scores, strict=True)]
        return EvaluationBatch(
            outputs=[_prediction(outcome) for outcome in outcomes],
            scores=scores,
            trajectories=traces if capture_traces else None,
        )

    def batch_evaluate(
        self,
        items: Sequence[tuple[Mapping[str, str], Sequence[dspy.Example]]],
        *,
        capture_traces: bool = True,
    ) -> list[EvaluationBatch]:
        """One after the other: each is concurrent in itself, and the order stays fixed."""
        return [self.evaluate(batch, candidate, capture_traces) for candidate, batch in items]

    def propose_new_texts(
        self,
        candidate: dict[str, str],
        reflective_dataset: dict[str, list[dict[str, Any]]],
        components_to_update: list[str],
    ) -> dict[str, str]:
        """A new instruction from DSPy's proposer; none where its answer is unusable."""
        try:
            proposed: dict[str, str] = super().propose_new_texts(
                candidate, reflective_dataset, components_to_update
            )
        except (ValueError, AdapterParseError):
            return {}
        return proposed

    def _feedback(
        self, *, predictor_output: Mapping[str, Any], module_inputs: dspy.Example, **_: object
    ) -> dict[str, object]:
        """A person's decision and words on a row, beside its score."""
        truth, judged = Label(module_inputs[VERDICT_FIELD]), Label(predictor_output[VERDICT_FIELD])
        verdict = "right" if judged is truth else "wrong"
        critique = module_inputs.get("critique")
        words = f" A person who read it says: {critique}" if critique else ""
        return {
            "score": self._view.score(truth, judged),
            "feedback": f"The verdict `{judged}` is {verdict}: a person decided `{truth}`.{words}",
        }


def _prediction(outcome: Outcome) -> dspy.Prediction | None:
    if isinstance(outcome, Failure):
        return None
    return dspy.Prediction(
        **{
            RATIONALE_FIELD: outcome.rationale or "",
            VERDICT_FIELD: outcome.label.value,
            PROBABILITY_FIELD: outcome.fail_probability,
        }
    )


def _trajectory(
    program: JudgeProgram, example: dspy.Example, outcome: Outcome, score: float
) -> dict[str, object]:
    """What DSPy's adapter reflects on: the call of the predictor, none where it gave no verdict."""
    prediction = _prediction(outcome)
    inputs = dict(example.inputs())
    return {
        "example": example,
        "prediction": prediction,
        "trace": [] if prediction is None else [(program.judge, inputs, prediction)],
        "score": score,
    }


class _BudgetStopper:
    """Ends GEPA before an iteration that the budget might not see through."""

    def __init__(self, bench: Workbench, calls: int) -> None:
        self._bench = bench
        self._calls = calls

    def __call__(self, _: object) -> bool:
        return not self._bench.affordable(self._calls)


class _NoLog:
    def log(self, message: str) -> None:
        """Nothing is kept: trials are recorded on the workbench."""


class Gepa:
    """DSPy's GEPA with re-selection by kappa.

    Args:
        reflection_rows: train rows that a reflection sees.
        most_evaluations: row evaluations after which the search ends, as GEPA counts them; by
            default as many as the budget pays, or 2000 without one.

    Raises:
        InvalidInput: an option is out of range.
    """

    name = "gepa"

    def __init__(self, *, reflection_rows: int = 3, most_evaluations: int | None = None) -> None:
        self.reflection_rows = options.whole_number("reflection_rows", reflection_rows, low=1, high=100)
        self.most_evaluations = (
            None
            if most_evaluations is None
            else options.whole_number("most_evaluations", most_evaluations, low=1, high=1_000_000)
        )

    def run(self, bench: Workbench) -> None:
        """Run GEPA until the budget cannot see another iteration through, then choose by kappa."""
        base = start(bench)
        view = DspyBench(bench, self.name)
        # Two minibatches (parent and child), a reflection, and the child on all of dev.
        iteration = 2 * self.reflection_rows + _REFLECTION_CALLS + len(bench.problem.dev)
        if not view.train or not bench.affordable(bench.missing(base) + iteration):
            return
        program = program_of(base, bench.problem.criterion)
        with dspy_run(bench):
            self._optimize(bench, view, program, iteration)
        view.finish()

    def _optimize(self, bench: Workbench, view: DspyBench, program: JudgeProgram, iteration: int) -> None:
        seed = bench.seed(self.name)
        gepa.optimize(
            seed_candidate={name: p.signature.instructions for name, p in program.named_predictors()},
            trainset=training(view.train),
            valset=view.valset,
            adapter=BenchAdapter(view, program, seed),
            candidate_selection_strategy="pareto",
            skip_perfect_score=True,
            perfect_score=1.0,
            reflection_minibatch_size=min(self.reflection_rows, len(view.train)),
            use_merge=False,  # a judge has one component: there is nothing to merge
            max_metric_calls=self.most_evaluations or _ceiling(bench.room(_UNLIMITED_CALLS)),
            stop_callbacks=_BudgetStopper(bench, iteration),
            logger=_NoLog(),
            run_dir=None,
            track_best_outputs=False,
            display_progress_bar=False,
            raise_on_exception=True,
            seed=seed,
        )


def _ceiling(calls: int) -> int:
    return calls if calls == _UNLIMITED_CALLS else _CEILING * calls
