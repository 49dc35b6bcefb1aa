"""The judge as a DSPy module: criterion, input, output to rationale, verdict and probability.

The prompt is that of DSPy's own JSONAdapter, so that a judge that leaves Concord for plain DSPy says the
same words. Three things differ: a row's text is never interpreted, a demonstration that lacks its
rationale is shown without one, and an answer is read as everywhere else in Concord.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import dspy
from dspy.utils.exceptions import AdapterParseError

from optimizers.dspy_state import demonstration_fields, state_json
from optimizers.reading import Unreadable, read_text
from optimizers.template import answer_format, check_sendable
from optimizers.types import Candidate, Demonstration, Label, LabelledExample, digest
from optimizers.wording import (
    INPUT_FIELD,
    INPUT_FIELDS,
    OUTPUT_FIELD,
    PROBABILITY_FIELD,
    RATIONALE_FIELD,
    VERDICT_FIELD,
    instruction_of,
    objective,
    output_fields,
)

_TYPES = {RATIONALE_FIELD: str, VERDICT_FIELD: Literal["pass", "fail"], PROBABILITY_FIELD: float}


def judge_signature(objective_text: str, *, reasoning: bool, probability: bool) -> type[dspy.Signature]:
    """The judge's DSPy signature: `task_input, task_output -> rationale?, verdict, fail_probability?`."""
    inputs = {f.name: (str, dspy.InputField(desc=f.description)) for f in INPUT_FIELDS}
    outputs = {
        f.name: (_TYPES[f.name], dspy.OutputField(desc=f.description))
        for f in output_fields(reasoning=reasoning, probability=probability)
    }
    return dspy.Signature(inputs | outputs, objective_text)  # type: ignore[no-any-return]


class JudgeAdapter(dspy.JSONAdapter):  # type: ignore[misc]  # DSPy is not typed
    """DSPy's JSON prompt with the rows' texts taken literally and Concord's reading of answers."""

    def __init__(self) -> None:
        super().__init__(use_native_function_calling=False)

    def _prepare_response_format(self, *_: object) -> None:
        """Leave the response format to the decoding settings: it is part of the ledger's key."""

    def format(
        self, signature: type[dspy.Signature], demos: Sequence[Mapping[str, Any]], inputs: Mapping[str, Any]
    ) -> list[dict[str, str]]:
        """The messages, without DSPy's search for markers of images and the like in the texts."""
        user = self.format_user_message_content(signature, inputs, main_request=True)
        return [
            {"role": "system", "content": self.format_system_message(signature)},
            *self.format_demos(signature, demos),
            {"role": "user", "content": user},
        ]

    def format_demos(
        self, signature: type[dspy.Signature], demos: Sequence[Mapping[str, Any]]
    ) -> list[dict[str, str]]:
        """Two messages a demonstration, in the order given."""
        messages = []
        for demo in demos:
            user = self.format_user_message_content(signature, demo)
            shown = demonstration_fields(
                Label(demo[VERDICT_FIELD]), demo.get(RATIONALE_FIELD), signature.output_fields
            )
            answer = json.dumps(shown, indent=2, ensure_ascii=False)
            messages += [{"role": "user", "content": user}, {"role": "assistant", "content": answer}]
        return messages

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """The fields of an answer, as the evaluator reads them.

        Raises:
            AdapterParseError: there is no verdict in it.
        """
        asked = signature.output_fields
        response = answer_format(reasoning=RATIONALE_FIELD in asked, probability=PROBABILITY_FIELD in asked)
        try:
            reading = read_text(response, completion)
        except Unreadable as error:
            raise AdapterParseError(
                adapter_name=type(self).__name__,
                signature=signature,
                lm_response=completion,
                message=str(error),
            ) from None
        fields = {
            RATIONALE_FIELD: reading.rationale or "",
            VERDICT_FIELD: reading.label.value,
            PROBABILITY_FIELD: reading.fail_probability,
        }
        return {name: fields[name] for name in asked}


class JudgeProgram(dspy.Module):  # type: ignore[misc]  # DSPy is not typed
    """One predictor, `judge`. Its instructions and demonstrations are what DSPy's optimizers change.

    Whatever instructions they write, the criterion is shown with them.
    """

    def __init__(self, criterion: str, *, reasoning: bool = True, probability: bool = False) -> None:
        super().__init__()
        self.criterion = criterion
        self.judge = dspy.Predict(
            judge_signature(objective("", criterion), reasoning=reasoning, probability=probability)
        )

    def full_signature(self) -> type[dspy.Signature]:
        """The predictor's signature with the criterion in its instructions."""
        current = self.judge.signature
        text = objective(current.instructions, self.criterion)
        full: type[dspy.Signature] = (
            current if text == current.instructions else current.with_instructions(text)
        )
        return full

    def forward(self, task_input: str, task_output: str) -> dspy.Prediction:
        """Judge one row.

        Raises:
            InvalidInput: a text holds a lone surrogate.
            AdapterParseError: the answer holds no verdict.
        """
        row = self._row(task_input, task_output)
        with dspy.context(adapter=JudgeAdapter()):
            return self.judge(signature=self.full_signature(), **row)

    async def aforward(self, task_input: str, task_output: str) -> dspy.Prediction:
        """The same, awaited."""
        row = self._row(task_input, task_output)
        with dspy.context(adapter=JudgeAdapter()):
            return await self.judge.acall(signature=self.full_signature(), **row)

    def _row(self, task_input: str, task_output: str) -> dict[str, str]:
        check_sendable(task_input, "the input")
        check_sendable(task_output, "the output")
        return {INPUT_FIELD: task_input, OUTPUT_FIELD: task_output}


def program_of(candidate: Candidate, criterion: str) -> JudgeProgram:
    """The candidate as a DSPy module.

    Raises:
        InvalidInput: the candidate is a verbatim prompt, which has no DSPy form.
    """
    program = JudgeProgram(criterion, reasoning=candidate.reasoning, probability=candidate.probability)
    program.load_state(state_json(candidate, criterion))
    return program


def candidate_of(program: JudgeProgram, train: Sequence[LabelledExample] = ()) -> Candidate:
    """What DSPy's optimizers made of a program, as a candidate.

    A demonstration that does not know its row is named by the row of `train` with the same texts, or
    by a hash of them.
    """
    ids = {(row.example.input, row.example.output): row.id for row in train}
    fields = program.judge.signature.output_fields
    return Candidate(
        instruction=instruction_of(program.full_signature().instructions, program.criterion),
        demonstrations=tuple(_demonstration(dict(demo), ids) for demo in program.judge.demos),
        reasoning=RATIONALE_FIELD in fields,
        probability=PROBABILITY_FIELD in fields,
    )


def _demonstration(demo: Mapping[str, Any], ids: Mapping[tuple[str, str], str]) -> Demonstration:
    texts = (str(demo[INPUT_FIELD]), str(demo[OUTPUT_FIELD]))
    return Demonstration(
        example_id=str(demo.get("example_id") or ids.get(texts) or "text:" + digest(texts)[:16]),
        input=texts[0],
        output=texts[1],
        label=Label(demo[VERDICT_FIELD]),
        rationale=demo.get(RATIONALE_FIELD) or None,
    )


def dspy_example(row: LabelledExample) -> dspy.Example:
    """A labelled row as DSPy's optimizers want it: fields of the signature, the verdict its label.

    The critique travels as `critique`, for metrics with feedback; no prompt shows it.
    """
    return dspy.Example(
        {
            INPUT_FIELD: row.example.input,
            OUTPUT_FIELD: row.example.output,
            VERDICT_FIELD: row.label.value,
            "critique": row.critique,
            "example_id": row.id,
        }
    ).with_inputs(INPUT_FIELD, OUTPUT_FIELD)
