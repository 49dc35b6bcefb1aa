"""Connections for the native client: aiohttp opens, keeps and ends them.

DSPy's client takes any transport that can `stream` a request, and wants its own errors back. What matters to
the account is whether a request can have left: `ConnectError` says that it has not, any other
`TransportError` leaves it open. Nothing is sent twice, no redirect is followed, no cookie is kept.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import lru_cache

import aiohttp

# DSPy's client exports these to those who write transports for it, and nowhere else.
from dspy._vendor.lm15.transports import (
    AsyncTransportResponse,
    ConnectError,
    TransportError,
    TransportRequest,
)
from yarl import URL

from optimizers.lm.transports.proxies import proxy_for

_NEVER_SENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ClientHttpProxyError,
    aiohttp.ConnectionTimeoutError,
    ValueError,  # an address, a proxy or a header that cannot be used
)
_HEADERS = {"Accept-Encoding": "identity", "User-Agent": "concord"}


class Connections:
    """A transport for the native client: at most `max_connections`, those to one server used in turn.

    It serves one event loop at a time, and another one once that is closed. `timeout_s` bounds the wait for
    a free connection and each wait for the server, `connect_timeout_s` the opening. With `trust_env` the
    environment's proxies count.
    """

    def __init__(
        self, *, connect_timeout_s: float, timeout_s: float, max_connections: int, trust_env: bool
    ) -> None:
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=timeout_s, sock_connect=connect_timeout_s, sock_read=timeout_s
        )
        self._max_connections = max_connections
        self._proxy = lru_cache(proxy_for) if trust_env else lambda _: None
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._closed = False

    @asynccontextmanager
    async def stream(self, request: TransportRequest) -> AsyncIterator[AsyncTransportResponse]:
        """Send `request`; its response, whose body may still be on its way.

        Raises:
            ConnectError: nothing was sent.
            TransportError: it may have been sent. Reading the body raises this too.
        """
        response = await self._send(request)
        try:
            yield AsyncTransportResponse(
                status=response.status,
                reason=response.reason or "",
                headers=list(response.headers.items()),
                http_version="HTTP/1.1",
                chunks=_chunks(response),
                release=_released,
            )
        finally:
            response.close()  # and its connection, unless the body was read to its end

    async def aclose(self) -> None:
        """Close all connections."""
        self._closed = True
        if self._session is not None:
            await self._session.close()

    async def _send(self, request: TransportRequest) -> aiohttp.ClientResponse:
        session = await self._opened()
        try:
            return await session.request(
                request.method,
                URL(request.url, encoded=True),  # byte for byte: some providers want it signed
                data=request.body or None,
                headers=request.headers,
                proxy=self._proxy(request.url),
                allow_redirects=False,
            )
        except _NEVER_SENT as error:
            raise ConnectError(_said(error)) from error
        except (aiohttp.ClientError, TimeoutError) as error:
            raise TransportError(_said(error)) from error

    async def _opened(self) -> aiohttp.ClientSession:
        if self._closed:
            raise ConnectError("the transport is closed")
        loop, before = asyncio.get_running_loop(), self._session
        if before is not None and self._loop is loop:
            return before
        self._loop, self._session = loop, self._made()
        if before is not None:
            await before.close()
        return self._session

    def _made(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._max_connections),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers=_HEADERS,
            timeout=self._timeout,
        )


async def _chunks(response: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    try:
        async for chunk in response.content.iter_any():
            yield chunk
    except (aiohttp.ClientError, TimeoutError) as error:
        raise TransportError(_said(error)) from error


async def _released(body_consumed: bool) -> None:
    """Nothing: `stream` ends what aiohttp has not taken back."""


def _said(error: Exception) -> str:
    """What went wrong, without the address: a proxy's may hold a password."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"the proxy refused: {error.status} {error.message}"
    if isinstance(error, aiohttp.ClientResponseError):
        return f"no valid reply: {error.message}"
    if isinstance(error, aiohttp.InvalidURL):
        return "an address is not valid"
    return str(error) or type(error).__name__
