"""Every error as RFC 9457 problem details; one table maps errors to status, code and title."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from optimizers import errors as core
from service import errors as ours

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
MAX_VALIDATION_ERRORS = 100
VALUE_MAX_CHARS = 200


class ProblemDetails(BaseModel):
    """The body of every error (RFC 9457). Some kinds of error add members of their own."""

    model_config = ConfigDict(extra="allow")

    type: str
    title: str
    status: int
    code: str
    """Stable, for programs."""
    detail: str
    """One sentence, for people."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How one class of errors is told to a client."""

    status: int
    code: str
    title: str


KINDS: Mapping[type[BaseException], Kind] = {
    core.ConcordError: Kind(status=500, code="internal", title="Something went wrong here"),
    core.InvalidInput: Kind(status=422, code="invalid_input", title="A value is not allowed"),
    core.DatasetRejected: Kind(status=422, code="dataset_rejected", title="Rows of the dataset are unusable"),
    core.NotEnoughLabels: Kind(status=409, code="not_enough_labels", title="More labels are needed"),
    core.CorrectionRefused: Kind(
        status=409, code="correction_refused", title="The judge is not better than chance"
    ),
    core.BudgetTooSmall: Kind(status=422, code="budget_too_small", title="The budget is too small"),
    core.CheckRefused: Kind(status=422, code="check_refused", title="The code check cannot be used"),
    core.SelectionInfeasible: Kind(
        status=422, code="selection_infeasible", title="No set of assertions meets the bounds"
    ),
    core.PriceUnknown: Kind(status=422, code="price_unknown", title="The model's price is not known"),
    core.ProviderError: Kind(status=502, code="provider_error", title="The model's provider failed"),
    core.AuthenticationFailed: Kind(
        status=502, code="provider_authentication_failed", title="The provider did not accept the key"
    ),
    core.ModelNotFound: Kind(status=422, code="model_not_found", title="There is no such model"),
    core.RequestRejected: Kind(
        status=502, code="provider_rejected", title="The provider rejected the request"
    ),
    core.ProviderUnavailable: Kind(
        status=503, code="provider_unavailable", title="The model's provider is not available"
    ),
    core.AnswerUnusable: Kind(
        status=502, code="answer_unusable", title="The model answered something else than was asked"
    ),
    core.ChecksUnavailable: Kind(
        status=503, code="checks_unavailable", title="Code checks cannot be evaluated now"
    ),
    core.StorageFailed: Kind(status=503, code="storage_failed", title="The database refused the request"),
    core.ArtifactInvalid: Kind(status=422, code="artifact_invalid", title="The judge file cannot be read"),
    # Orders rather than faults: they end a search inside the worker. Where one ends a request
    # (judging by HTTP), its endpoint turns it into a response with this row.
    core.RunStopped: Kind(status=409, code="stopped", title="The work was stopped"),
    core.RunCancelled: Kind(status=409, code="cancelled", title="The work was cancelled"),
    core.RunPaused: Kind(status=503, code="paused", title="The work cannot go on now"),
    core.RunFailed: Kind(status=502, code="run_failed", title="The work cannot succeed"),
    core.BudgetExhausted: Kind(status=409, code="budget_exhausted", title="The budget is used up"),
    ours.ServiceError: Kind(status=500, code="internal", title="Something went wrong here"),
    ours.NotFound: Kind(status=404, code="not_found", title="There is no such thing"),
    ours.Conflict: Kind(status=409, code="conflict", title="The present state does not allow this"),
    ours.KeyReused: Kind(status=409, code="idempotency_key_reused", title="The Idempotency-Key is taken"),
    ours.CursorInvalid: Kind(status=422, code="invalid_cursor", title="The cursor is not one of ours"),
    ours.Unauthenticated: Kind(status=401, code="unauthenticated", title="An API key is needed"),
    ours.TooManyGuesses: Kind(status=429, code="too_many_guesses", title="Too many keys are being tried"),
    ours.Forbidden: Kind(status=403, code="forbidden", title="The request came from elsewhere"),
    ours.TooLarge: Kind(status=413, code="too_large", title="The request is too large"),
    ours.MediaUnsupported: Kind(status=415, code="media_unsupported", title="This kind of file is not read"),
}

VALIDATION = Kind(status=422, code="validation_failed", title="The request does not fit the interface")
UNHANDLED = Kind(status=500, code="internal", title="Something went wrong here")


def kind_of(error: BaseException) -> Kind:
    """The table's row for `error`: of its class, or of the nearest base that is on it."""
    return next((KINDS[base] for base in type(error).__mro__ if base in KINDS), UNHANDLED)


def problem(kind: Kind, detail: str, /, **extra: object) -> dict[str, object]:
    """The body: RFC 9457's members, `code` for programs, and what the error knows besides."""
    return {
        "type": f"urn:concord:problem:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "code": kind.code,
        "detail": detail,
        **extra,
    }


def problem_response(error: BaseException) -> JSONResponse:
    """The response for an error that is on the table."""
    kind = kind_of(error)
    body = problem(kind, str(error) or kind.title, **_facts(error))
    return _respond(kind.status, body, _headers(error))


def _facts(error: BaseException) -> dict[str, object]:
    """What an error knows beyond its message, for programs to use."""
    facts: dict[str, object] = {}
    match error:
        case core.DatasetRejected():
            facts = {"problems": [asdict(p) for p in error.problems], "total": error.total}
        case core.NotEnoughLabels():
            facts = {"missing": error.missing}
        case core.CorrectionRefused():
            facts = {
                "sensitivity": error.sensitivity,
                "specificity": error.specificity,
                "labelled": {"fail": error.bad, "pass": error.good},
            }
        case core.CheckRefused():
            facts = {"line": error.line, "column": error.column, "reason": error.reason}
        case core.SelectionInfeasible():
            facts = {"bound": error.bound, "reachable": error.reachable}
        case core.BudgetTooSmall():
            facts = {"needed_calls": error.needed_calls}
        case core.RunPaused():
            facts = {"reason": error.reason}
        case ours.NotFound():
            facts = {"kind": error.kind, "id": error.id}
    return facts


def _headers(error: BaseException) -> dict[str, str]:
    if isinstance(error, ours.Unauthenticated):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, ours.TooManyGuesses):
        return {"Retry-After": "60"}
    if isinstance(error, core.ProviderUnavailable) and error.retry_after_s is not None:
        return {"Retry-After": str(round(error.retry_after_s))}
    return {}


def _respond(
    status: int, body: Mapping[str, object], headers: Mapping[str, str] | None = None
) -> JSONResponse:
    return JSONResponse(body, status, headers=dict(headers or {}), media_type=MEDIA_TYPE)


# --- what the frameworks raise ----------------------------------------------------------------------


def _on_known(_request: Request, error: Exception) -> JSONResponse:
    return problem_response(error)


def _on_validation(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    found = error.errors()
    listed = [_validation_error(e) for e in found[:MAX_VALIDATION_ERRORS]]
    first = listed[0] if listed else {"field": "body", "message": "unreadable"}
    detail = f"{first['field']}: {first['message']}"
    if len(found) > 1:
        detail += f" (and {len(found) - 1} more)"
    return _respond(VALIDATION.status, problem(VALIDATION, detail, errors=listed, total=len(found)))


def _validation_error(error: Mapping[str, Any]) -> dict[str, str]:
    """Pydantic's error with its value cut short and made printable (a body may hold anything)."""
    path: Sequence[object] = error["loc"]
    if (
        error["type"] == "json_invalid" and "ctx" in error
    ):  # its place is a position in the body, its input the empty body
        reason = f"{error['ctx']['error']} at character {path[-1]}"
        return {"field": "body", "message": f"this is not JSON: {reason}", "value": ""}
    value = repr(error.get("input"))[:VALUE_MAX_CHARS]
    return {
        "field": ".".join(str(p) for p in path),
        "message": str(error["msg"]).removeprefix("Value error, "),
        "value": value,
    }


def _on_http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_").replace("-", "_")
    kind = Kind(status=error.status_code, code=code, title=phrase)
    return _respond(error.status_code, problem(kind, str(error.detail)), error.headers)


def _on_database(_request: Request, error: Exception) -> JSONResponse:
    """The disk is full, the database is gone or overloaded: what was committed before is safe.

    The driver's message may quote rows, so it goes to the log alone.
    """
    log.error("database_failed", exc_info=error)
    kind = KINDS[core.StorageFailed]
    detail = "the database could not take the request; nothing of it was stored, try again later"
    return _respond(kind.status, problem(kind, detail), {"Retry-After": "5"})


def _on_data(_request: Request, error: Exception) -> JSONResponse:
    """A value that no column can hold (a NUL in a path, an id of a thousand digits)."""
    log.warning("value_not_storable", exc_info=error)
    return _respond(422, problem(KINDS[core.InvalidInput], "the request holds a value that cannot be stored"))


def _on_integrity(_request: Request, error: Exception) -> JSONResponse:
    log.warning("integrity_conflict", exc_info=error)
    kind = KINDS[ours.Conflict]
    detail = "another request changed the same thing at the same moment; nothing of this one was stored"
    return _respond(kind.status, problem(kind, detail))


def _on_disconnect(_request: Request, _error: Exception) -> JSONResponse:
    """The client went away in the middle of its request: nobody reads this."""
    kind = Kind(status=400, code="disconnected", title="The client went away")
    return _respond(kind.status, problem(kind, "the request was not received as a whole"))


def _on_unhandled(_request: Request, error: Exception) -> JSONResponse:
    """Nothing of the error's text leaves; Starlette raises it again, so that the log has its traceback."""
    log.error("unhandled_error", error_type=type(error).__name__)
    return _respond(500, problem(UNHANDLED, "an unexpected error; the server's log has its details"))


def install(app: FastAPI) -> None:
    """Make every error of `app` a problem-details response."""
    app.add_exception_handler(core.ConcordError, _on_known)
    app.add_exception_handler(ours.ServiceError, _on_known)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(IntegrityError, _on_integrity)
    app.add_exception_handler(DataError, _on_data)
    app.add_exception_handler(DBAPIError, _on_database)
    app.add_exception_handler(PoolTimeout, _on_database)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_unhandled)
