"""Idempotency-Key: a request that creates something can be sent twice and acts once.

The key is claimed in the request's own transaction, so that a failed request leaves the key free,
and of two at the same moment one waits for the other and then repeats its response.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.responses import JSONResponse
from sqlalchemy import Column, Table, Text, delete
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert
from sqlmodel import Field, Session, SQLModel

from optimizers.errors import InvalidInput
from optimizers.types import digest
from service.clock import UtcDateTime, now
from service.dependencies import SessionDep
from service.errors import KeyReused

KEPT_FOR = timedelta(days=7)
KEY_MAX_CHARS = 255


class IdempotencyRow(SQLModel, table=True):
    """A key that was used, the request it stands for, and the response to repeat."""

    __tablename__ = "concord_idempotency"

    scope: str = Field(primary_key=True, max_length=64)
    """SHA-256 over method, path and key: a key is free again on another path."""
    request_digest: str = Field(max_length=64)
    status: int = 0
    response: str = Field(default="", sa_column=Column(Text, nullable=False))
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)


KEYS: Table = IdempotencyRow.__table__  # type: ignore[attr-defined]  # SQLModel sets it on tables


@dataclass(frozen=True, kw_only=True)
class Reply:
    """A response that can be kept: status, JSON body, and headers such as Location."""

    status: int
    body: Mapping[str, object]
    headers: Mapping[str, str] = field(default_factory=dict)

    def as_response(self, *, replayed: bool = False) -> JSONResponse:
        """The HTTP response; `Idempotency-Replayed: true` marks one that was kept."""
        marks = {"Idempotency-Replayed": "true"} if replayed else {}
        return JSONResponse(dict(self.body), self.status, headers={**self.headers, **marks})


class Once:
    """Runs an action once for its Idempotency-Key; without a key it simply runs it."""

    def __init__(self, session: Session, scope: str | None) -> None:
        self._session = session
        self._scope = scope

    def __call__(self, request: object, action: Callable[[], Reply]) -> JSONResponse:
        """The response of `action`, or the one that was kept for the same key and `request`.

        `request` is any JSON value that says what is asked for; a key with another one is refused.

        Raises:
            KeyReused: the key stands for another request.
            InvalidInput: a text of the request holds a lone surrogate.
        """
        if self._scope is None:
            return action().as_response()
        try:
            wanted = digest(request)
        except UnicodeEncodeError as error:
            raise InvalidInput(f"the request holds text that is not valid Unicode: {error.reason}") from None
        if not self._claim(self._scope, wanted):
            return self._kept(self._scope, wanted).as_response(replayed=True)
        reply = action()
        self._keep(self._scope, reply)
        return reply.as_response()

    def _claim(self, scope: str, wanted: str) -> bool:
        """Whether the key is ours. Waits for another transaction that claims it at this moment."""
        self._session.execute(delete(IdempotencyRow).where(IdempotencyRow.created_at < now() - KEPT_FOR))  # type: ignore[arg-type]  # SQLModel types columns as their values
        row = {"scope": scope, "request_digest": wanted, "status": 0, "response": "", "created_at": now()}
        # Neither database counts skipped rows alike; what is returned was inserted.
        claimed = self._session.connection().execute(self._insert_unless_there().values(row))
        return claimed.first() is not None

    def _insert_unless_there(self) -> ReturningInsert[tuple[str]]:
        if self._session.get_bind().dialect.name == "postgresql":
            return postgresql.insert(KEYS).on_conflict_do_nothing().returning(KEYS.c.scope)
        return sqlite.insert(KEYS).on_conflict_do_nothing().returning(KEYS.c.scope)

    def _kept(self, scope: str, wanted: str) -> Reply:
        row = self._session.get_one(IdempotencyRow, scope)
        if row.request_digest != wanted:
            raise KeyReused("this Idempotency-Key was used for another request; take a new key for a new one")
        kept = json.loads(row.response)
        return Reply(status=row.status, body=kept["body"], headers=kept["headers"])

    def _keep(self, scope: str, reply: Reply) -> None:
        row = self._session.get_one(IdempotencyRow, scope)
        row.status = reply.status
        row.response = json.dumps({"body": reply.body, "headers": dict(reply.headers)})
        self._session.add(row)


def _once(
    request: Request,
    session: SessionDep,
    idempotency_key: Annotated[
        str | None,
        Header(
            min_length=1,
            max_length=KEY_MAX_CHARS,
            description="The same key with the same request acts once and gives the same response.",
        ),
    ] = None,
) -> Once:
    if idempotency_key is None:
        return Once(session, None)
    text = "\n".join((request.method, request.url.path, idempotency_key))
    return Once(session, hashlib.sha256(text.encode()).hexdigest())


OnceDep = Annotated[Once, Depends(_once)]
