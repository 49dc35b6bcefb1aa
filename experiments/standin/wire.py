"""As much of HTTP/1.1 as a model server needs, straight on asyncio's transport.

A framework would spend more on a request than a world does on its answer, and would not let a
fault cut a body in the middle.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

_REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found"}
_REASONS |= {429: "Too Many Requests", 500: "Internal Server Error"}
_MOST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpRequest:
    """One request. Header names are lower-case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class HttpResponse:
    """One response. `cut` sends half of the body and closes; `drop` closes without a byte."""

    status: int = 200
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    drop: bool = False


def json_response(value: object, status: int = 200, headers: Mapping[str, str] | None = None) -> HttpResponse:
    """A response whose body is `value` as JSON."""
    return HttpResponse(status=status, body=json.dumps(value).encode(), headers=headers or {})


Handler = Callable[[HttpRequest], Awaitable[HttpResponse]]


class Connection(asyncio.Protocol):
    """One client's connection: requests are answered one after the other, in order."""

    def __init__(self, handler: Handler, open_connections: set["Connection"]) -> None:
        self._handler = handler
        self._open = open_connections
        self._buffer = bytearray()
        self._task: asyncio.Task[None] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember the way back."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002  # asyncio names it
        """The client has gone: nobody waits for the answer any more."""
        self._open.discard(self)
        if self._task is not None:
            self._task.cancel()

    def data_received(self, data: bytes) -> None:
        """Gather bytes, and start on the first request that is complete."""
        self._buffer += data
        self._next()

    def close(self) -> None:
        """Close at once."""
        if self._transport is not None:
            self._transport.abort()

    def _next(self) -> None:
        if self._task is not None or self._transport is None:
            return
        try:
            request = take_request(self._buffer)
        except ValueError as error:
            self._write(HttpResponse(status=400, body=str(error).encode()))
            self._transport.close()
            return
        if request is not None:
            self._task = asyncio.ensure_future(self._answer(request))

    async def _answer(self, request: HttpRequest) -> None:
        try:
            self._write(await self._handler(request))
        except Exception as error:
            self._write(json_response({"error": {"message": f"stand-in: {error!r}"}}, 500))
            raise
        finally:
            self._task = None
        self._next()

    def _write(self, response: HttpResponse) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if response.drop:
            self._transport.abort()
            return
        lines = [f"HTTP/1.1 {response.status} {_REASONS.get(response.status, 'Unknown')}"]
        lines += [f"content-length: {len(response.body)}", "content-type: application/json"]
        lines += [f"{name}: {value}" for name, value in response.headers.items()]
        body = response.body[: len(response.body) // 2] if response.cut else response.body
        self._transport.write("\r\n".join([*lines, "\r\n"]).encode("latin-1") + body)
        if response.cut:
            self._transport.close()


def take_request(buffer: bytearray) -> HttpRequest | None:
    """Take the first complete request out of `buffer`; `None` while there is none.

    Raises: ValueError, where the bytes are not HTTP/1.1 as clients of a model server speak it.
    """
    end = buffer.find(b"\r\n\r\n")
    if end < 0:
        if len(buffer) > 65536:
            raise ValueError("the header is too long")
        return None
    first, *lines = buffer[:end].decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3:
        raise ValueError(f"not a request line: {first!r}")
    pairs = (line.partition(":") for line in lines)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    body_and_end = _take_body(buffer, end + 4, headers)
    if body_and_end is None:
        return None
    body, after = body_and_end
    del buffer[:after]
    return HttpRequest(method=words[0], path=words[1].split("?")[0], headers=headers, body=body)


def _take_body(buffer: bytearray, start: int, headers: Mapping[str, str]) -> tuple[bytes, int] | None:
    if headers.get("transfer-encoding", "").lower() == "chunked":
        return _take_chunks(buffer, start)
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= _MOST_BYTES:
        raise ValueError(f"content-length must be in [0, {_MOST_BYTES}], got {length}")
    if len(buffer) < start + length:
        return None
    return bytes(buffer[start : start + length]), start + length


def _take_chunks(buffer: bytearray, at: int) -> tuple[bytes, int] | None:
    body = bytearray()
    while True:
        line_end = buffer.find(b"\r\n", at)
        if line_end < 0:
            return None
        size = int(buffer[at:line_end].split(b";")[0], 16)
        after = line_end + 2 + size + 2
        if len(buffer) < after:
            return None
        if size == 0:
            return bytes(body), after
        body += buffer[line_end + 2 : line_end + 2 + size]
        at = after
