"""The endpoints of how criteria and people's labels fit each other: parse, call one action, return."""

from typing import Annotated

from fastapi import APIRouter, Query

from service.criteria import card, doubts, people, selection, suspects
from service.criteria.statistics_schemas import (
    CardRows,
    DoubtsOut,
    PeopleOut,
    ReportCardOut,
    Selection,
    SelectionOut,
    SuspectsOut,
)
from service.db import transaction
from service.dependencies import EngineDep, SessionDep

router = APIRouter()

ModelQuery = Annotated[
    str | None,
    Query(
        max_length=200, description="Whose verdicts; those of the latest assertion run's model unless given."
    ),
]


@router.get("/datasets/{dataset_id}/card")
def get_card(
    dataset_id: str, session: SessionDep, rows: CardRows = "report", model: ModelQuery = None
) -> ReportCardOut:
    """How each criterion, and the set of all, fits people's labels, with the rows behind each number: as of
    now, also while assertions run and people grade."""
    return card.report_card(session, dataset_id, rows, model)


@router.post("/datasets/{dataset_id}/selection")
def select_assertions(dataset_id: str, asked: Selection, engine: EngineDep) -> SelectionOut:
    """Choose the assertions that agree best with people, by the labels of train, and measure them on dev.
    Nothing is stored, but that rows get their parts, as a run gives them."""
    with transaction(engine) as session:
        found = selection.material(session, dataset_id, asked)
    return selection.choose(found)


@router.get("/datasets/{dataset_id}/doubts")
def list_doubts(
    dataset_id: str,
    session: SessionDep,
    criterion: Annotated[str, Query(max_length=32, description="A criterion whose text has changed.")],
) -> DoubtsOut:
    """Labels to look at again, since a criterion's last change may have made them wrong. Each label that is
    given again with `picked_by=doubt`, whatever it says, is in doubt no more."""
    return doubts.doubts(session, dataset_id, criterion)


@router.get("/datasets/{dataset_id}/suspects")
def list_suspects(
    dataset_id: str,
    session: SessionDep,
    run_id: Annotated[
        str | None, Query(max_length=32, description="Ask this run's candidates alone.")
    ] = None,
) -> SuspectsOut:
    """Labels that many good candidates contradict with confidence: worth another look, and nothing more."""
    return suspects.suspects(session, dataset_id, run_id)


@router.get("/datasets/{dataset_id}/people")
def get_people(dataset_id: str, session: SessionDep) -> PeopleOut:
    """How people agree with each other, and whether each labels as they used to."""
    return people.people(session, dataset_id)
