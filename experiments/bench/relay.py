"""Counts the calls of a real model: a loopback address that passes on what it is sent."""

import asyncio
import threading
from concurrent.futures import Future
from types import TracebackType
from typing import Self

import httpx

from experiments.standin.wire import Connection, HttpRequest, HttpResponse, json_response

_PASSED_ON = ("authorization", "content-type", "accept", "api-key", "openai-organization", "x-api-key")


class Relay:
    """Stands before an OpenAI-compatible address. `calls` is how many whole chat answers came back.

    ::

        with Relay("https://api.openai.com/v1") as relay:
            ... api_base=relay.api_base
    """

    def __init__(self, target: str, *, timeout_s: float = 300.0) -> None:
        self._target = target.rstrip("/")
        self._timeout_s = timeout_s
        self._open: set[Connection] = set()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._thread: threading.Thread | None = None
        self._port = 0
        self.calls = 0

    @property
    def api_base(self) -> str:
        """The address to give as `api_base`."""
        return f"http://127.0.0.1:{self._port}/v1"

    def __enter__(self) -> Self:
        ready: Future[None] = Future()
        self._thread = threading.Thread(
            target=lambda: asyncio.run(self._serve(ready)), name="relay", daemon=True
        )
        self._thread.start()
        ready.result(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._loop is not None
        assert self._stopping is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout=10)

    async def _serve(self, ready: "Future[None]") -> None:
        self._loop, self._stopping = asyncio.get_running_loop(), asyncio.Event()
        async with httpx.AsyncClient(timeout=self._timeout_s) as client:

            async def handle(request: HttpRequest) -> HttpResponse:
                return await self._pass_on(client, request)

            server = await self._loop.create_server(lambda: Connection(handle, self._open), "127.0.0.1", 0)
            self._port = server.sockets[0].getsockname()[1]
            ready.set_result(None)
            await self._stopping.wait()
            server.close()
            for connection in list(self._open):
                connection.close()

    async def _pass_on(self, client: httpx.AsyncClient, request: HttpRequest) -> HttpResponse:
        headers = {name: value for name, value in request.headers.items() if name in _PASSED_ON}
        url = self._target + request.path.removeprefix("/v1")
        try:
            answer = await client.request(request.method, url, headers=headers, content=request.body)
        except httpx.HTTPError as error:
            return json_response({"error": {"message": f"relay: {type(error).__name__}"}}, 500)
        if answer.is_success and request.path.endswith("/chat/completions"):
            self.calls += 1
        wait = {"retry-after": answer.headers["retry-after"]} if "retry-after" in answer.headers else {}
        return HttpResponse(status=answer.status_code, body=answer.content, headers=wait)
