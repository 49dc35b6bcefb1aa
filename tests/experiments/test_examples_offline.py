"""The offline model on the example dataset: what it learns on train holds on test."""

import asyncio
import csv
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from experiments.examples import SUPPORT_DESK_BASELINE, SUPPORT_DESK_CRITERION, support_desk_path
from optimizers import offline
from optimizers.kappa import cohen_kappa, confusion
from optimizers.offline import OfflineModel
from optimizers.rendering import render
from optimizers.splits import Fractions, assign_parts, row_key
from optimizers.types import (
    Candidate,
    Demonstration,
    Example,
    Label,
    LabelledExample,
    Message,
    ModelAnswer,
    ModelRef,
    ModelRequest,
    Part,
    Split,
    Verdict,
)

Parts = dict[Part, tuple[LabelledExample, ...]]
LENIENT = Candidate(instruction=SUPPORT_DESK_BASELINE)


@pytest.fixture(scope="module")
def parts() -> Parts:
    with support_desk_path().open(encoding="utf-8", newline="") as file:
        rows = [_row(fields) for fields in csv.DictReader(file)]
    split = Split(parts=assign_parts([row_key(row) for row in rows], Fractions()))
    return {part: split.rows(part, rows) for part in Part}


def _row(fields: dict[str, str]) -> LabelledExample:
    return LabelledExample(
        example=Example(
            id=fields["id"], input=fields["input"], output=fields["output"], group=fields["group"] or None
        ),
        label=Label.PASS if fields["label"] == "1" else Label.FAIL,
        critique=fields["critique"] or None,
    )


def said(*messages: Message) -> ModelAnswer:
    request = ModelRequest(model=ModelRef(name="offline"), messages=messages)
    return asyncio.run(OfflineModel().complete(request))


def kappa(candidate: Candidate, rows: Sequence[LabelledExample]) -> float:
    template = render(candidate, SUPPORT_DESK_CRITERION)
    outcomes = [template.read(said(*template.fill(row.example))) for row in rows]
    judged = [outcome.label if isinstance(outcome, Verdict) else None for outcome in outcomes]
    found = cohen_kappa(confusion([row.label for row in rows], judged))
    assert found is not None
    return found


def demonstrations(rows: Sequence[LabelledExample], per_class: int) -> tuple[Demonstration, ...]:
    lanes = ([row for row in rows if row.label is label][:per_class] for label in Label)
    return tuple(
        Demonstration(
            example_id=row.id,
            input=row.example.input,
            output=row.example.output,
            label=row.label,
            rationale=row.critique,
        )
        for pair in zip(*lanes, strict=True)
        for row in pair
    )


def test_with_the_lenient_instruction_it_agrees_by_chance(parts: Parts) -> None:
    assert abs(kappa(LENIENT, parts[Part.TEST])) < 0.15


@pytest.mark.parametrize("per_class", [4, 8, 12])
def test_demonstrations_from_train_raise_its_agreement_on_test(parts: Parts, per_class: int) -> None:
    taught = LENIENT.with_(demonstrations=demonstrations(parts[Part.TRAIN], per_class))
    assert kappa(taught, parts[Part.TEST]) > 0.2


def test_rules_that_it_writes_from_critiques_raise_its_agreement_on_test(parts: Parts) -> None:
    failed = [row for row in parts[Part.TRAIN] if row.label is Label.FAIL][:24]
    cases = [
        {
            "task_input": row.example.input,
            "task_output": row.example.output,
            "people_say": row.critique or "",
            "decision": "fail",
        }
        for row in failed
    ]
    asked = 'Write a better instruction. Answer with a JSON object: {"instruction": "..."}'
    shown = "\n".join(json.dumps(case) for case in cases)
    answer = said(Message(role="system", content=asked), Message(role="user", content=shown))
    instruction = json.loads(answer.text)["instruction"]
    assert kappa(Candidate(instruction=instruction), parts[Part.TEST]) > 0.2


def test_its_source_knows_nothing_of_the_dataset() -> None:
    folder = offline.__path__[0]
    code = " ".join(path.read_text(encoding="utf-8") for path in _sources(folder)).casefold()
    names = (
        "larkspoke",
        "marlow",
        "plover",
        "bracken",
        "sedge",
        "desk sheet",
        "bicycle",
        "battery",
        "voucher",
    )
    assert not [name for name in names if name in code]


def _sources(folder: str) -> list[Path]:
    return sorted(Path(folder).glob("*.py"))
