"""The endpoints of assertions and code checks: parse, call one action, return."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from optimizers.checks import FUNCTIONS
from service.criteria import assertions, checking, store, verdicts, views
from service.criteria.assertion_schemas import (
    AssertionChange,
    AssertionOut,
    AssertionVerdict,
    CheckTried,
    FunctionOut,
    NewAssertion,
    TryCheck,
)
from service.criteria.checking import ChecksDep
from service.datasets.queries import IdsQuery
from service.datasets.store import get_dataset
from service.db import transaction
from service.dependencies import EngineDep, SessionDep
from service.idempotency import OnceDep, Reply
from service.paging import Page, PageDep

router = APIRouter()

AssertionId = Annotated[str, Path(max_length=32, description="An assertion's id.")]


@router.get("/datasets/{dataset_id}/assertions")
def list_assertions(
    dataset_id: str,
    session: SessionDep,
    criterion: Annotated[str | None, Query(description="Of this criterion only.")] = None,
    all: Annotated[bool, Query(description="Retired ones too, and those of retired criteria.")] = False,  # noqa: A002  # the interface's word
) -> Page[AssertionOut]:
    """The assertions; all on one page, in the order in which they came."""
    if criterion is not None:
        store.get_criterion(session, dataset_id, criterion)
    get_dataset(session, dataset_id)
    rows = store.assertions_of(session, dataset_id, criterion_id=criterion, retired=all)
    return Page(items=views.assertions(session, rows))


@router.post("/datasets/{dataset_id}/assertions", status_code=201, response_model=AssertionOut)
def create_assertion(
    dataset_id: str, asked: NewAssertion, session: SessionDep, checks: ChecksDep, once: OnceDep
) -> Response:
    """Add an assertion to a criterion. A check that cannot be used is refused with its place and a reason."""
    assertions.require_check(checks, asked.kind, asked.text)

    def act() -> Reply:
        row = assertions.create(session, dataset_id, asked)
        body = views.assertion(session, row).model_dump(mode="json")
        return Reply(
            status=201, body=body, headers={"Location": f"/api/datasets/{dataset_id}/assertions/{row.id}"}
        )

    return once(asked.model_dump(mode="json", exclude_unset=True), act)


@router.get("/datasets/{dataset_id}/assertions/{assertion_id}")
def get_assertion(dataset_id: str, assertion_id: AssertionId, session: SessionDep) -> AssertionOut:
    """One assertion."""
    return views.assertion(session, store.get_assertion(session, dataset_id, assertion_id))


@router.patch("/datasets/{dataset_id}/assertions/{assertion_id}")
def change_assertion(
    dataset_id: str,
    assertion_id: AssertionId,
    asked: AssertionChange,
    engine: EngineDep,
    session: SessionDep,
    checks: ChecksDep,
) -> AssertionOut:
    """Put another in its place, about its criterion as it stands; the new one. The old one is retired."""
    with transaction(engine, read_only=True) as reading:
        kind = store.get_assertion(reading, dataset_id, assertion_id).kind
    if asked.text is not None:
        assertions.require_check(checks, kind, asked.text)
    return views.assertion(session, assertions.change(session, dataset_id, assertion_id, asked))


@router.post("/datasets/{dataset_id}/assertions/{assertion_id}/retire")
def retire_assertion(dataset_id: str, assertion_id: AssertionId, session: SessionDep) -> AssertionOut:
    """Use it no more; what it said is kept."""
    return views.assertion(session, assertions.retire(session, dataset_id, assertion_id))


@router.get("/datasets/{dataset_id}/assertions/{assertion_id}/verdicts")
def list_assertion_verdicts(
    dataset_id: str,
    assertion_id: AssertionId,
    session: SessionDep,
    request: PageDep,
    ids: IdsQuery = None,
) -> Page[AssertionVerdict]:
    """What it says of each row that it has been asked about, beside people's label of now; the word of the
    newest model where several were asked. Rows come in the order of their ids, or those that are named."""
    row = store.get_assertion(session, dataset_id, assertion_id)
    return verdicts.page(session, row, request, ids)


# --- code checks ------------------------------------------------------------------------------------


@router.get("/checks/functions")
def list_check_functions() -> list[FunctionOut]:
    """The functions of the language of checks. `input` and `output` are the row's texts; a check is true
    where the output meets the criterion."""
    return [FunctionOut.model_validate(note) for note in FUNCTIONS]


@router.post("/checks/try")
def try_check(asked: TryCheck, checks: ChecksDep) -> CheckTried:
    """See what an expression says of rows; nothing is stored. One that cannot be a check is refused with
    line, column and reason."""
    return checking.try_check(checks, asked)
