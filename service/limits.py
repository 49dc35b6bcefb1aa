"""How much a request may send."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MULTIPART_OVERHEAD_BYTES = 1024 * 1024
"""Room for the form fields and boundaries around a file."""


class BodyLimit:
    """ASGI middleware that ends a body at its limit: one for files (multipart), one for the rest."""

    def __init__(self, app: ASGIApp, *, upload_max_bytes: int, body_max_bytes: int) -> None:
        self._app = app
        self._upload_max = upload_max_bytes + MULTIPART_OVERHEAD_BYTES
        self._body_max = body_max_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a `receive` that counts."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_upload = headers.get("content-type", "").startswith("multipart/form-data")
        limit = self._upload_max if is_upload else self._body_max
        await self._app(scope, _counting(receive, limit, headers.get("content-length")), send)


def _counting(receive: Receive, limit: int, announced: str | None) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        if seen == 0 and announced is not None and announced.isdigit() and int(announced) > limit:
            raise _too_large(limit)
        message = await receive()
        seen += len(message.get("body", b""))
        if seen > limit:
            raise _too_large(limit)
        return message

    return counted


def _too_large(limit: int) -> HTTPException:
    return HTTPException(413, f"the body is larger than the limit of {limit:,} bytes")
