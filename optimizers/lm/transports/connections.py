"""Connections for the native client, kept open, with one wait and no task of their own for each answer.

DSPy's client takes any transport that can `stream` a request. Its own one, on asyncio's streams, starts
three tasks for each request, which is most of what it costs. This one reads from an `asyncio.Protocol`;
what HTTP/1.1 says about heads and bodies is left to the client's own parsers. Where the environment names a
proxy for an address, the client's own transport is used.
"""

import asyncio
import select
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

# DSPy's client exports these to those who write transports for it, and nowhere else.
from dspy._vendor.lm15.transports import (
    AsyncTransportResponse,
    ConnectError,
    ConnectTimeout,
    ReadError,
    ReadTimeout,
    StdlibAsyncTransport,
    TransportError,
    TransportRequest,
)
from dspy._vendor.lm15.transports._http11 import ResponseHeadParser, build_request_head
from dspy._vendor.lm15.transports._proxy import proxy_route_for
from dspy._vendor.lm15.transports._url import ParsedURL, parse_url

RESTED_S = 1.0
"""A connection that was idle for longer is looked at before it is used: a server may have closed it."""

_USER_AGENT = "concord"
_MOST_HEADS = 64


class Connections:
    """A transport for the native client: at most `max_connections`, those to one server used in turn.

    It belongs to the event loop on which it is first used. `timeout_s` bounds each wait for the network,
    `connect_timeout_s` the opening. With `trust_env` the environment's proxies count.
    """

    def __init__(
        self, *, connect_timeout_s: float, timeout_s: float, max_connections: int, trust_env: bool
    ) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._timeout_s = timeout_s
        self._places = asyncio.Semaphore(max_connections)
        self._idle: dict[tuple[str, str, int], list[Connection]] = {}
        self._heads: dict[tuple[str, str, tuple[tuple[str, str], ...]], tuple[ParsedURL, bytes]] = {}
        self._by_proxy: dict[tuple[str, str, int], bool] = {}
        self._trust_env = trust_env
        self._tls: ssl.SSLContext | None = None
        self._closed = False
        self._proxied = StdlibAsyncTransport(
            connect_timeout=connect_timeout_s,
            read_timeout=timeout_s,
            write_timeout=timeout_s,
            pool_timeout=timeout_s,
            max_connections=max_connections,
            trust_env=trust_env,
        )

    def stream(self, request: TransportRequest) -> "Exchange":
        """One request and its response, as an asynchronous context. Raises TransportError within it."""
        return Exchange(self, request)

    async def aclose(self) -> None:
        """Close what is idle; what is in use is closed when its response has been read."""
        self._closed = True
        for connections in self._idle.values():
            for connection in connections:
                connection.close()
        self._idle.clear()
        await self._proxied.aclose()

    # --- one exchange -------------------------------------------------------------------------------------

    async def send(self, request: TransportRequest) -> AsyncTransportResponse:
        """Send `request` and read the head of its response; whoever calls closes the response."""
        url, head = self._head(request)
        if self._has_proxy(url):
            return await self._proxied.stream(request)
        await self._place()
        connection = None
        try:
            connection = self._rested(url) or await self._open(url)
            connection.send(b"%bContent-Length: %d\r\n\r\n%b" % (head, len(request.body), request.body))
            return await self._response(connection, url, request)
        except BaseException:
            self._places.release()
            if connection is not None:
                connection.close()
            raise

    async def _response(
        self, connection: "Connection", url: ParsedURL, request: TransportRequest
    ) -> AsyncTransportResponse:
        timeout_s = request.read_timeout or self._timeout_s
        head = await _final_head(connection, timeout_s)
        body = head.body_decoder(request.method)

        async def release(body_consumed: bool) -> None:
            self._places.release()
            if body_consumed and body.complete and not body.leftover and head.keep_alive():
                self._rest(connection, url)
            else:
                connection.close()

        return AsyncTransportResponse(
            status=head.status,
            reason=head.reason,
            headers=head.headers,
            http_version=head.http_version,
            chunks=_chunks(connection, head.leftover, body, timeout_s),
            release=release,
        )

    def _head(self, request: TransportRequest) -> tuple[ParsedURL, bytes]:
        """The address, and the request's head up to its length: the same for all calls to a model."""
        key = request.method, request.url, tuple(request.headers)
        if key not in self._heads:
            if len(self._heads) >= _MOST_HEADS:
                self._heads.clear()
            url = parse_url(request.url)
            head = build_request_head(
                method=request.method,
                target=url.target,
                host=url.host,
                port=url.port,
                is_tls=url.is_tls,
                headers=request.headers,
                body_length=None,
                user_agent=_USER_AGENT,
            )
            self._heads[key] = url, head.removesuffix(b"\r\n")
        return self._heads[key]

    def _has_proxy(self, url: ParsedURL) -> bool:
        origin = url.origin()
        if origin not in self._by_proxy:
            self._by_proxy[origin] = proxy_route_for(url, proxy=None, trust_env=self._trust_env) is not None
        return self._by_proxy[origin]

    # --- connections --------------------------------------------------------------------------------------

    async def _place(self) -> None:
        if self._closed:
            raise TransportError("the transport is closed")
        if not self._places.locked():
            await self._places.acquire()  # which does not wait
            return
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._places.acquire()
        except TimeoutError:
            raise TransportError(f"no connection became free within {self._timeout_s:g} s") from None

    def _rested(self, url: ParsedURL) -> "Connection | None":
        idle = self._idle.get(url.origin())
        while idle:
            connection = idle.pop()
            if connection.wake():
                return connection
            connection.close()
        return None

    def _rest(self, connection: "Connection", url: ParsedURL) -> None:
        if self._closed:
            connection.close()
        elif connection.rest():
            self._idle.setdefault(url.origin(), []).append(connection)

    async def _open(self, url: ParsedURL) -> "Connection":
        where = f"{url.host}:{url.port}"
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                _, connection = await asyncio.get_running_loop().create_connection(
                    Connection,
                    url.host,
                    url.port,
                    ssl=self._context() if url.is_tls else None,
                )
        except TimeoutError as error:
            raise ConnectTimeout(f"timed out connecting to {where}") from error
        except OSError as error:
            raise ConnectError(f"failed to connect to {where}: {error}") from error
        return connection

    def _context(self) -> ssl.SSLContext:
        if self._tls is None:
            self._tls = ssl.create_default_context()
        return self._tls


class Exchange:
    """A request on its way: entered, it is the response; left, its connection is free again."""

    def __init__(self, connections: Connections, request: TransportRequest) -> None:
        self._connections = connections
        self._request = request
        self._response: AsyncTransportResponse | None = None

    async def __aenter__(self) -> AsyncTransportResponse:
        self._response = await self._connections.send(self._request)
        return self._response

    async def __aexit__(self, *_: object) -> None:
        if self._response is not None:
            await self._response.aclose()


class Connection(asyncio.Protocol):
    """One connection: what arrives is kept until somebody receives it."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._arrived: deque[bytes] = deque()
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._resting_since: float | None = None

    # --- for the exchange -----------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send `data`. A server that does not take it lets the wait for its answer time out."""
        assert self._transport is not None
        self._transport.write(data)

    async def receive(self, timeout_s: float) -> bytes:
        """What has arrived, at least a byte; nothing where the server has closed.

        Raises: ReadTimeout, ReadError.
        """
        if not self._arrived and not self._ended:
            await self._wait(timeout_s)
        if self._arrived:
            return self._arrived.popleft()
        if self._error is not None:
            raise ReadError(f"read failed: {self._error}") from self._error
        return b""

    def rest(self) -> bool:
        """Nothing more is expected; whether the connection can be used again."""
        if self._ended or self._arrived:
            self.close()
            return False
        self._resting_since = time.monotonic()
        return True

    def wake(self) -> bool:
        """Whether the connection, which rested, can be used."""
        since, self._resting_since = self._resting_since, None
        if self._ended or self._arrived or since is None:
            return False
        return time.monotonic() - since < RESTED_S or self._is_quiet()

    def close(self) -> None:
        """Close it now, whatever is under way."""
        if self._transport is not None:
            with suppress(RuntimeError):  # its loop is closed, and the socket with it
                self._transport.abort()

    def _is_quiet(self) -> bool:
        """Nothing has come that the loop has not seen yet, such as the news that the server closed."""
        assert self._transport is not None
        sock = self._transport.get_extra_info("socket")
        try:
            return not select.select([sock], [], [], 0)[0]
        except (OSError, ValueError):
            return False

    async def _wait(self, timeout_s: float) -> None:
        waiter = self._waiter = self._loop.create_future()
        alarm = self._loop.call_later(timeout_s, _expire, waiter, timeout_s)
        try:
            await waiter
        finally:
            alarm.cancel()
            self._waiter = None

    # --- for the event loop ---------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Something arrived. While nothing is expected that makes the connection useless."""
        self._arrived.append(data)
        self._tell()

    def eof_received(self) -> None:
        """The server has closed."""
        self._ended = True
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """It is gone."""
        self._ended = True
        self._error = exc
        self._tell()

    def _tell(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)


def _expire(waiter: "asyncio.Future[None]", timeout_s: float) -> None:
    if not waiter.done():
        waiter.set_exception(ReadTimeout(f"nothing came within {timeout_s:g} s"))


async def _final_head(connection: Connection, timeout_s: float) -> ResponseHeadParser:
    """The response's head; those that only say that one will come (1xx) are passed over."""
    data = b""
    while True:
        head = ResponseHeadParser()
        while not head.complete:
            data = data or await connection.receive(timeout_s)
            if not data:
                raise ReadError("server closed connection before sending response")
            head.feed(data)
            data = b""
        if head.status // 100 != 1:
            return head
        data = head.leftover


async def _chunks(
    connection: Connection,
    first: bytes,
    body: Any,  # the client's decoders have no public type
    timeout_s: float,
) -> AsyncIterator[bytes]:
    data = first
    while True:
        if data:
            for chunk in body.feed(data):
                yield chunk
        if body.complete:
            return
        data = await connection.receive(timeout_s)
        if not data:
            body.eof()  # raises where more was promised
            if tail := body.drain():
                yield tail
            return
