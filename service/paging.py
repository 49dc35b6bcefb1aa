"""One page envelope, one opaque cursor."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

from fastapi import Depends, Query
from pydantic import BaseModel

from service.errors import CursorInvalid

DEFAULT_LIMIT = 50
MAX_LIMIT = 500

Item = TypeVar("Item")
Row = TypeVar("Row")

CursorValue = str | int | float
Cursor = tuple[CursorValue, ...]
"""The sort key of the last row of a page."""


class Page(BaseModel, Generic[Item]):
    """Some items, and the cursor of the next page; `next` is null on the last."""

    items: list[Item]
    next: str | None = None


@dataclass(frozen=True, kw_only=True)
class PageRequest:
    """At most `limit` items, those after `after` (the cursor's sort key) where it is given."""

    limit: int = DEFAULT_LIMIT
    after: Cursor | None = None

    def after_like(self, *types: type[CursorValue]) -> Cursor | None:
        """`after`, checked to be of the types that an endpoint's sort key has.

        Raises:
            CursorInvalid: it is a cursor of another endpoint.
        """
        if self.after is None:
            return None
        if len(self.after) != len(types) or not all(map(isinstance, self.after, types)):
            raise CursorInvalid("cursor belongs to another list; send back the value of `next`")
        return self.after


def encode_cursor(key: Cursor) -> str:
    """URL-safe text of a sort key."""
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode().rstrip("=")


def decode_cursor(text: str) -> Cursor:
    """The sort key that `encode_cursor` made into `text`.

    Raises:
        CursorInvalid: this service did not issue it.
    """
    try:
        padded = text + "=" * (-len(text) % 4)
        values = json.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error, RecursionError):
        values = None
    if not isinstance(values, list) or not all(type(v) in (str, int, float) for v in values):
        raise CursorInvalid(f"cursor {text[:80]!r} is not one of ours; send back the value of `next`")
    return tuple(values)


def page_of(
    rows: Sequence[Row], request: PageRequest, key: Callable[[Row], Cursor], show: Callable[[Row], Item]
) -> Page[Item]:
    """A page from `limit + 1` fetched rows: the one too many only tells that there is a next page."""
    kept = rows[: request.limit]
    more = len(rows) > request.limit
    return Page(items=[show(row) for row in kept], next=encode_cursor(key(kept[-1])) if more else None)


def _page_request(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Most items on a page.")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(description="`next` of the page before.")] = None,
) -> PageRequest:
    return PageRequest(limit=limit, after=decode_cursor(cursor) if cursor else None)


PageDep = Annotated[PageRequest, Depends(_page_request)]
