"""The endpoints of evaluations: parse, call one action, return."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from optimizers.types import Part
from service.db import transaction
from service.dependencies import EngineDep, SessionDep, SettingsDep
from service.evaluations import actions, agreement, views
from service.evaluations.schemas import AgreementOut, CellFilter, EvaluationOut, JudgedRow, NewEvaluation
from service.idempotency import OnceDep, Reply
from service.jobs import dependencies as jobs
from service.jobs import store, streams
from service.jobs.dependencies import SenderDep
from service.paging import Page, PageDep

router = APIRouter(tags=["evaluations"], lifespan=jobs.lifespan)

PartQuery = Annotated[
    Part | None, Query(description="Rows of one part alone: `test` for those that no run was tuned on.")
]


@router.post("/evaluations", status_code=202, response_model=EvaluationOut)
def start_evaluation(
    asked: NewEvaluation, session: SessionDep, sender: SenderDep, settings: SettingsDep, once: OnceDep
) -> Response:
    """Let a judge decide the dataset's rows, and see how far it agrees with people. A worker does it."""

    def act() -> Reply:
        evaluation_id = actions.start(session, sender, asked, settings)
        body = views.one(session, evaluation_id).model_dump(mode="json")
        return Reply(status=202, body=body, headers={"Location": f"/api/evaluations/{evaluation_id}"})

    return once(asked.model_dump(mode="json", exclude_unset=True), act)


@router.get("/evaluations")
def list_evaluations(
    session: SessionDep, request: PageDep, dataset_id: Annotated[str | None, Query()] = None
) -> Page[EvaluationOut]:
    """Evaluations, newest first."""
    return views.page(session, request, dataset_id=dataset_id)


@router.get("/evaluations/{evaluation_id}")
def get_evaluation(evaluation_id: str, session: SessionDep) -> EvaluationOut:
    """One evaluation: where it is and, at the end, its agreement with people."""
    return views.one(session, evaluation_id)


@router.get("/evaluations/{evaluation_id}/verdicts")
def list_verdicts(
    evaluation_id: str,
    session: SessionDep,
    request: PageDep,
    agrees: Annotated[bool | None, Query(description="With people's label, as it is now.")] = None,
    cell: Annotated[
        CellFilter | None,
        Query(
            description="A cell of the confusion table, with people's labels as they are now. `unparseable` "
            "are labelled rows without a verdict, `failure` all without one."
        ),
    ] = None,
    part: PartQuery = None,
) -> Page[JudgedRow]:
    """Row by row, as far as it is judged; rows come in batches while it runs."""
    return views.verdicts(session, evaluation_id, request, agrees=agrees, cell=cell, part=part)


@router.get("/evaluations/{evaluation_id}/agreement")
def get_agreement(evaluation_id: str, session: SessionDep, part: PartQuery = None) -> AgreementOut:
    """How far the judge agrees with people's labels as they are now, over the rows that are judged so far:
    it follows while the evaluation runs, and when a label is changed."""
    return agreement.now(session, evaluation_id, part)


def _existing(evaluation_id: str, engine: EngineDep) -> str:
    with transaction(engine, read_only=True) as session:
        store.get(session, actions.KIND, evaluation_id)
    return evaluation_id


@router.get("/evaluations/{evaluation_id}/events", response_class=EventSourceResponse)
async def stream_evaluation(
    evaluation_id: Annotated[str, Depends(_existing)], engine: EngineDep, last: streams.LastEventDep
) -> AsyncIterator[ServerSentEvent]:
    """What happens, as it happens: `status` and `progress` events, until it has ended."""
    async for event in streams.events(engine, actions.KIND, evaluation_id, last):
        yield event


@router.post("/evaluations/{evaluation_id}/cancel")
def cancel_evaluation(evaluation_id: str, session: SessionDep) -> EvaluationOut:
    """End it; verdicts that are there stay."""
    actions.cancel(session, evaluation_id)
    return views.one(session, evaluation_id)


@router.post("/evaluations/{evaluation_id}/pause")
def pause_evaluation(evaluation_id: str, session: SessionDep) -> EvaluationOut:
    """Let it wait."""
    actions.pause(session, evaluation_id)
    return views.one(session, evaluation_id)


@router.post("/evaluations/{evaluation_id}/resume")
def resume_evaluation(evaluation_id: str, session: SessionDep, sender: SenderDep) -> EvaluationOut:
    """Go on. Only what was in flight is paid again."""
    actions.resume(session, sender, evaluation_id)
    return views.one(session, evaluation_id)


@router.post("/evaluations/{evaluation_id}/retry")
def retry_evaluation(evaluation_id: str, session: SessionDep, sender: SenderDep) -> EvaluationOut:
    """Begin a failed or cancelled evaluation anew; what was answered is not paid again."""
    actions.retry(session, sender, evaluation_id)
    return views.one(session, evaluation_id)
