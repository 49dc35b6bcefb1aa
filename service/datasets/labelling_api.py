"""The endpoints of labelling row after row: the list to work through, labels, marks."""

from typing import Annotated

from fastapi import APIRouter, Path, Query

from service.datasets import examples, labelling, marks, store
from service.datasets.labelling_schemas import MarkOut, NewMark, Order, Worklist
from service.datasets.schemas import ExampleDetail, NewLabel
from service.datasets.tables import ID_MAX_CHARS
from service.datasets.worklist import Asked, worklist
from service.dependencies import SessionDep

router = APIRouter()

Annotator = Annotated[str, Path(min_length=1, max_length=ID_MAX_CHARS, description="Who labels.")]
ExampleId = Annotated[str, Path(description="May hold slashes.")]


@router.get("/datasets/{dataset_id}/worklist")
def get_worklist(
    dataset_id: str,
    session: SessionDep,
    annotator: Annotated[str, Query(min_length=1, max_length=ID_MAX_CHARS, description="Who labels.")],
    order: Order = "given",
    seed: Annotated[int, Query(ge=0, le=2**31 - 1, description="Gives another random order.")] = 0,
) -> Worklist:
    """All rows in the order in which one annotator works through them, without their texts.

    `given` is the order of their arrival; `random` is the same each time for the same annotator and seed;
    `disagreement` begins with the rows on which stored verdicts differ most, and falls back to `given`, with
    a `reason`, where there is nothing to compare. `evalgen` and `uncertain` go by what assertions have said:
    in turns the rows that rarely failing ones fail and the cleanest, or those of which the labels so far say
    least (by chance until there are 20); what is settled or labelled follows. Skipped rows come last. Nothing
    here tells what others or judges said about a row.
    """
    return worklist(session, dataset_id, Asked(annotator=annotator, order=order, seed=seed))


@router.put("/datasets/{dataset_id}/examples/{example_id:path}/labels/{annotator}")
def put_label(
    dataset_id: str, example_id: ExampleId, annotator: Annotator, label: NewLabel, session: SessionDep
) -> ExampleDetail:
    """Say pass or fail. The same again changes nothing; another word replaces it and both are kept.

    On a row that has a reference label or is tied, this is a correction and settles it, unless
    `adjudicates` says otherwise: who labels blind should say `false`. It ends the annotator's skip.
    """
    return examples.detail(labelling.put_label(session, dataset_id, example_id, annotator, label))


@router.delete("/datasets/{dataset_id}/examples/{example_id:path}/labels/{annotator}")
def withdraw_label(
    dataset_id: str, example_id: ExampleId, annotator: Annotator, session: SessionDep
) -> ExampleDetail:
    """Take one's own label back; the history keeps it."""
    return examples.detail(labelling.withdraw_label(session, dataset_id, example_id, annotator))


@router.put("/datasets/{dataset_id}/examples/{example_id:path}/marks/{annotator}")
def put_mark(
    dataset_id: str, example_id: ExampleId, annotator: Annotator, mark: NewMark, session: SessionDep
) -> MarkOut:
    """Flag a row for somebody to look at, or skip it for now. One mark of each annotator stands on a row."""
    return marks.put_mark(session, dataset_id, example_id, annotator, mark)


@router.delete("/datasets/{dataset_id}/examples/{example_id:path}/marks/{annotator}", status_code=204)
def remove_mark(dataset_id: str, example_id: ExampleId, annotator: Annotator, session: SessionDep) -> None:
    """Take one's own mark off a row; where there is none, nothing happens."""
    marks.remove_mark(session, store.get_example(session, dataset_id, example_id), annotator)
