"""Chats that differ in their texts alone: what is the same for all is worked out once.

The client turns every request into its own terms and from there into the provider's JSON, and every reply
back, which takes more time than all else that a call costs. So the first request of a kind goes through the
client, and is overheard; its JSON, with holes for the texts, is the form for the others. A plain reply is
read directly; any other, and every error, is played to the client as if it had just come.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Protocol

import orjson
from dspy._vendor.lm15.transports import AsyncTransportResponse, TransportRequest

from optimizers.types import Message, ModelAnswer

PLAIN_FINISH = frozenset({"stop", "length", "content_filter"})
_ADDRESS = "/chat/completions"
_NAME = b'"messages":'
_NOT_PLAIN = ("reasoning_content", "reasoning", "refusal", "tool_calls")


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """A request without its texts. `roles` are the provider's words for those of the messages; `before` and
    `after` are what stands around them, byte for byte: one question is always the same bytes."""

    method: str
    url: str
    headers: tuple[tuple[str, str], ...]
    before: bytes
    after: bytes
    roles: tuple[str, ...]

    def fill(self, messages: Sequence[Message]) -> TransportRequest:
        """The request with the texts of `messages`, whose roles are those that the form was made from.

        Raises:
            TypeError: a text is not valid Unicode.
        """
        rows = [
            {"role": role, "content": message.content}
            for role, message in zip(self.roles, messages, strict=True)
        ]
        return TransportRequest(
            method=self.method,
            url=self.url,
            headers=list(self.headers),
            body=b"%b%b%b" % (self.before, orjson.dumps(rows), self.after),
        )


def form_of(sent: TransportRequest, messages: Sequence[Message]) -> Form | None:
    """The form of what the client sends for `messages`; `None` where it does more than to list them."""
    roles = _listed(sent, messages)
    if roles is None:
        return None
    rows = [{"role": role, "content": message.content} for role, message in zip(roles, messages, strict=True)]
    before, found, after = sent.body.partition(_NAME + orjson.dumps(rows))
    return (
        Form(
            method=sent.method,
            url=sent.url,
            headers=tuple(sent.headers),
            before=before + _NAME,
            after=after,
            roles=roles,
        )
        if found
        else None
    )


def _listed(sent: TransportRequest, messages: Sequence[Message]) -> tuple[str, ...] | None:
    """The roles under which `messages`, and nothing else, are sent."""
    try:
        body = orjson.loads(sent.body)
    except ValueError:
        return None
    match body:
        case {"messages": list(rows), **rest} if not rest.get("stream"):
            contents = [row["content"] for row in rows if row.keys() == {"role", "content"}]
            plain = sent.method == "POST" and sent.url.endswith(_ADDRESS) and len(contents) == len(rows)
            if plain and contents == [message.content for message in messages]:
                return tuple(row["role"] for row in rows)
    return None


def plain_answer(body: bytes) -> ModelAnswer | None:
    """What a reply says that holds one text and nothing else; `None` for any other."""
    try:
        reply = orjson.loads(body)
    except ValueError:
        return None
    match reply:
        case {
            "choices": [
                {"message": {"content": str(text), **message}, "finish_reason": str(reason), **choice}
            ],
            **rest,
        } if text and reason in PLAIN_FINISH:
            pass
        case _:
            return None
    if rest.get("error") or choice.get("logprobs") or any(map(message.get, _NOT_PLAIN)):
        return None
    tokens = _tokens(rest.get("usage"))
    if tokens is None:
        return None
    return ModelAnswer(text=text, finish_reason=reason, prompt_tokens=tokens[0], completion_tokens=tokens[1])


def _tokens(usage: object) -> tuple[int, int] | None:
    """Prompt and completion tokens, 0 where they are not reported; `None` for what is no plain count."""
    if usage is None:
        return 0, 0
    if not isinstance(usage, dict):
        return None
    counts = [value for value in usage.values() if not isinstance(value, dict)]
    for details in usage.values():
        if isinstance(details, dict):
            counts += details.values()
    if not all(value is None or (type(value) is int and value >= 0) for value in counts):
        return None
    return usage.get("prompt_tokens") or 0, usage.get("completion_tokens") or 0


# --- the client's transport, overheard ----------------------------------------------------------------------


class AsyncTransport(Protocol):
    """What the client sends its requests by."""

    def stream(self, request: TransportRequest) -> Any:
        """An asynchronous context with the response. Any: the client has no type for it."""
        ...


@dataclass(kw_only=True, slots=True)
class Overhearing:
    """What the client sent in this context; and what it is to get, if that is there already."""

    sent: list[TransportRequest] = field(default_factory=list)
    reply: AsyncTransportResponse | None = None


_overhearing: ContextVar[Overhearing | None] = ContextVar("concord_overhearing", default=None)


class Overheard:
    """A transport for the client that `overhear` listens to."""

    def __init__(self, inner: AsyncTransport) -> None:
        self._inner = inner

    def stream(self, request: TransportRequest) -> Any:
        """An asynchronous context with the response."""
        overhearing = _overhearing.get()
        if overhearing is None:
            return self._inner.stream(request)
        overhearing.sent.append(request)
        return overhearing.reply or self._inner.stream(request)


@contextmanager
def overhear(reply: AsyncTransportResponse | None = None) -> Iterator[Overhearing]:
    """Listen to what the client sends within; with `reply` nothing is sent, and it gets that."""
    overhearing = Overhearing(reply=reply)
    token = _overhearing.set(overhearing)
    try:
        yield overhearing
    finally:
        _overhearing.reset(token)


def played(response: AsyncTransportResponse, body: bytes) -> AsyncTransportResponse:
    """A response that was read, to be read once more."""

    async def chunks() -> AsyncIterator[bytes]:
        yield body

    async def release(body_consumed: bool) -> None:
        """There is nothing to release."""

    return AsyncTransportResponse(
        status=response.status,
        reason=response.reason,
        headers=response.headers,
        http_version=response.http_version,
        chunks=chunks(),
        release=release,
    )
