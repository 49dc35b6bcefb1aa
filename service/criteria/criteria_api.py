"""The endpoints of criteria, and of labels on one criterion alone: parse, call one action, return."""

from typing import Annotated

from fastapi import APIRouter, Body, Path, Query, Response

from service.criteria import actions, own_labels, store, views
from service.criteria.schemas import (
    CriteriaMerged,
    CriterionChange,
    CriterionDetail,
    CriterionLabelOut,
    CriterionOut,
    CriterionSplit,
    Merge,
    NewCriterion,
    NewCriterionLabel,
    Said,
    Split,
)
from service.datasets.labelling_api import Annotator, ExampleId
from service.dependencies import SessionDep
from service.idempotency import OnceDep, Reply
from service.paging import Page

router = APIRouter()

CriterionId = Annotated[str, Path(max_length=32, description="A criterion's id.")]
SaidBody = Annotated[Said | None, Body()]


@router.get("/datasets/{dataset_id}/criteria")
def list_criteria(
    dataset_id: str,
    session: SessionDep,
    retired: Annotated[bool, Query(description="Retired ones too.")] = False,
) -> Page[CriterionOut]:
    """What a good output does, one thing each; all on one page, in the order in which they came."""
    return Page(items=views.criteria(session, store.criteria_of(session, dataset_id, retired=retired)))


@router.post("/datasets/{dataset_id}/criteria", status_code=201, response_model=CriterionDetail)
def create_criterion(dataset_id: str, asked: NewCriterion, session: SessionDep, once: OnceDep) -> Response:
    """Add a criterion: written, or a suggestion that somebody likes."""

    def act() -> Reply:
        row = actions.create(session, dataset_id, asked)
        body = views.criterion(session, row).model_dump(mode="json")
        return Reply(
            status=201, body=body, headers={"Location": f"/api/datasets/{dataset_id}/criteria/{row.id}"}
        )

    return once(asked.model_dump(mode="json", exclude_unset=True), act)


@router.post("/datasets/{dataset_id}/criteria/merge", status_code=201)
def merge_criteria(dataset_id: str, asked: Merge, session: SessionDep) -> CriteriaMerged:
    """Put one criterion in the place of several, which are retired. Assertions and labels stay with those."""
    retired, merged = actions.merge(session, dataset_id, asked)
    return CriteriaMerged(
        retired=views.criteria(session, retired), merged=views.criteria(session, [merged])[0]
    )


@router.get("/datasets/{dataset_id}/criteria/{criterion_id}")
def get_criterion(dataset_id: str, criterion_id: CriterionId, session: SessionDep) -> CriterionDetail:
    """One criterion with all that was done to it."""
    return views.criterion(session, store.get_criterion(session, dataset_id, criterion_id))


@router.patch("/datasets/{dataset_id}/criteria/{criterion_id}")
def change_criterion(
    dataset_id: str, criterion_id: CriterionId, asked: CriterionChange, session: SessionDep
) -> CriterionDetail:
    """Restate or rename it: a new version. Its prompts ask about the new text from now on; see `doubts` for
    the labels that the change puts in doubt."""
    return views.criterion(session, actions.change(session, dataset_id, criterion_id, asked))


@router.post("/datasets/{dataset_id}/criteria/{criterion_id}/retire")
def retire_criterion(
    dataset_id: str, criterion_id: CriterionId, session: SessionDep, said: SaidBody = None
) -> CriterionDetail:
    """Use it no more. Nothing of it is lost."""
    return views.criterion(session, actions.retire(session, dataset_id, criterion_id, said or Said()))


@router.post("/datasets/{dataset_id}/criteria/{criterion_id}/restore")
def restore_criterion(
    dataset_id: str, criterion_id: CriterionId, session: SessionDep, said: SaidBody = None
) -> CriterionDetail:
    """Use a retired one again."""
    return views.criterion(session, actions.restore(session, dataset_id, criterion_id, said or Said()))


@router.post("/datasets/{dataset_id}/criteria/{criterion_id}/split", status_code=201)
def split_criterion(
    dataset_id: str, criterion_id: CriterionId, asked: Split, session: SessionDep
) -> CriterionSplit:
    """Put several criteria in its place; it is retired. Assertions and labels stay with it."""
    retired, into = actions.split(session, dataset_id, criterion_id, asked)
    return CriterionSplit(retired=views.criteria(session, [retired])[0], into=views.criteria(session, into))


# --- labels on one criterion alone ------------------------------------------------------------------


@router.get("/datasets/{dataset_id}/criteria/{criterion_id}/labels")
def list_criterion_labels(
    dataset_id: str, criterion_id: CriterionId, session: SessionDep
) -> Page[CriterionLabelOut]:
    """What people say now of rows by this criterion alone; all on one page, oldest first."""
    store.get_criterion(session, dataset_id, criterion_id)
    return Page(items=[own_labels.shown(row) for row in own_labels.current(session, criterion_id)])


@router.put("/datasets/{dataset_id}/criteria/{criterion_id}/labels/{example_id:path}/{annotator}")
def put_criterion_label(
    dataset_id: str,
    criterion_id: CriterionId,
    example_id: ExampleId,
    annotator: Annotator,
    label: NewCriterionLabel,
    session: SessionDep,
) -> CriterionLabelOut:
    """Say pass or fail by this criterion alone. The same again changes nothing."""
    return own_labels.put(session, dataset_id, criterion_id, example_id, annotator, label)


@router.delete(
    "/datasets/{dataset_id}/criteria/{criterion_id}/labels/{example_id:path}/{annotator}", status_code=204
)
def withdraw_criterion_label(
    dataset_id: str,
    criterion_id: CriterionId,
    example_id: ExampleId,
    annotator: Annotator,
    session: SessionDep,
) -> None:
    """Take one's own label back; the history keeps it."""
    own_labels.withdraw(session, dataset_id, criterion_id, example_id, annotator)
