"""The stand-in: an OpenAI-compatible model server on loopback, in a thread or as a process."""

import asyncio
import hashlib
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import asdict, dataclass, replace
from types import TracebackType
from typing import Self

from experiments.standin.chat import ChatRequest, read_request
from experiments.standin.dialogue import Dialogue
from experiments.standin.embedding import embedding
from experiments.standin.faults import Fault, FaultKind, Faults
from experiments.standin.wire import Connection, HttpRequest, HttpResponse, json_response
from experiments.standin.worlds import World

MODEL = "simulated"


@dataclass(frozen=True, kw_only=True, slots=True)
class LoggedCall:
    """One chat request, as the stand-in saw it.

    `number` counts from 1 by arrival; `at` is a POSIX time in seconds. `outcome` is `answered`,
    `unauthorized`, `malformed`, `abandoned` (the client left) or a fault's name. `role` is `judge` or
    `proposer` where an answer was made. `body_hash` is SHA-256 of the body's bytes.
    """

    number: int
    at: float
    outcome: str
    body_hash: str
    role: str = ""


# A provider charges for these: it did the work.
_PAID = frozenset({"answered", FaultKind.WRONG_FORMAT, FaultKind.REFUSAL})


class StandIn:
    """A simulated model behind POST /v1/chat/completions and GET /v1/models.

    ::

        with StandIn(KnownBetterPrompt(rows)) as server:
            ... ModelRef(name="openai/simulated", api_base=server.api_base)
            assert len(server.calls) == 20

    `port` 0 takes a free one. `faults` is a `Faults`, or the faults to start with; `server.faults`
    is turned at run time. With `varied`, a request that is repeated at a temperature above 0 is
    answered anew, as a model does; otherwise an answer follows from the request alone.
    """

    def __init__(
        self,
        world: World,
        *,
        faults: Faults | Iterable[Fault] = (),
        host: str = "127.0.0.1",
        port: int = 0,
        varied: bool = False,
    ) -> None:
        self.world = world
        self._repeats: Counter[str] | None = Counter() if varied else None
        self.faults = faults if isinstance(faults, Faults) else Faults(faults)
        self._dialogue = Dialogue(world)
        self._address = (host, port)
        self._log: list[LoggedCall] = []
        self._number = 0
        self._open: set[Connection] = set()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None

    # --- what happened ------------------------------------------------------------------------

    @property
    def api_base(self) -> str:
        """The address to give as `api_base`."""
        host, port = self._address
        return f"http://{host}:{port}/v1"

    @property
    def log(self) -> tuple[LoggedCall, ...]:
        """Every chat request whose fate is known, in the order in which that was settled."""
        return tuple(self._log)

    @property
    def calls(self) -> tuple[LoggedCall, ...]:
        """The requests that a provider would charge for: a whole answer was sent."""
        return tuple(call for call in self._log if call.outcome in _PAID)

    @property
    def received(self) -> int:
        """How many chat requests came, whatever became of them."""
        return self._number

    @property
    def paid_twice(self) -> int:
        """How many charged requests repeat the body of an earlier charged one, as a second sample of
        the same question does too."""
        return sum(count - 1 for count in Counter(call.body_hash for call in self.calls).values())

    def forget(self) -> None:
        """Empty the log and count from 1 again."""
        self._log.clear()
        self._number = 0

    # --- life -----------------------------------------------------------------------------------

    def __enter__(self) -> Self:
        ready: Future[None] = Future()
        self._thread = threading.Thread(target=self._run, args=(ready,), name="standin", daemon=True)
        self._thread.start()
        ready.result(timeout=10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close all connections and end the thread."""
        self.request_stop()
        if self._thread is not None:
            self._thread.join(timeout=10)

    def request_stop(self) -> None:
        """Let `serve` end soon. Any thread may call it."""
        if self._loop is not None and self._stopping is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._stopping.set)

    def _run(self, ready: "Future[None]") -> None:
        try:
            asyncio.run(self.serve(lambda: ready.set_result(None)))
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    async def serve(self, started: Callable[[], None] = lambda: None) -> None:
        """Listen until `stop`. `started` is called when the address is open.

        Raises: OSError, when the port is in use.
        """
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        server = await self._loop.create_server(
            lambda: Connection(self._handle, self._open), *self._address, backlog=1024
        )
        host, port = server.sockets[0].getsockname()[:2]
        self._address = (host, port)
        started()
        try:
            await self._stopping.wait()
        finally:
            server.close()
            for connection in list(self._open):
                connection.close()

    # --- answers --------------------------------------------------------------------------------

    async def _handle(self, request: HttpRequest) -> HttpResponse:
        route = (request.method, request.path.rstrip("/"))
        if route == ("POST", "/v1/chat/completions"):
            return await self._chat(request)
        if route == ("POST", "/v1/embeddings"):
            return _embed(request.body)
        if route == ("GET", "/v1/models"):
            return json_response({"object": "list", "data": [{"id": MODEL, "object": "model"}]})
        if route == ("GET", "/log"):
            return json_response([asdict(call) for call in self._log])
        if route == ("PUT", "/faults"):
            return self._turn(request.body)
        return _error(404, "not_found", f"no such address: {request.method} {request.path}")

    def _turn(self, body: bytes) -> HttpResponse:
        """Replace all switches: `{"latency_ms": 0, "faults": [{"kind": "hang", "from_call": 3}]}`."""
        try:
            wanted = json.loads(body)
            faults = [_read_fault(fault) for fault in wanted.get("faults", [])]
        except (ValueError, TypeError, AttributeError) as error:
            return _error(400, "invalid_request_error", str(error))
        self.faults.clear()
        self.faults.add(*faults)
        self.faults.latency_ms = float(wanted.get("latency_ms", 0.0))
        return json_response({"faults": len(faults)})

    async def _chat(self, request: HttpRequest) -> HttpResponse:
        self._number += 1
        number, at = self._number, time.time()
        role, outcome, response = "", "abandoned", HttpResponse()
        body_hash = hashlib.sha256(request.body).hexdigest()
        try:
            if self.faults.latency_ms > 0:
                await asyncio.sleep(self.faults.latency_ms / 1000)
            role, outcome, response = await self._respond(number, request)
        finally:
            self._log.append(
                LoggedCall(number=number, at=at, outcome=outcome, body_hash=body_hash, role=role)
            )
        return response

    async def _respond(self, number: int, request: HttpRequest) -> tuple[str, str, HttpResponse]:
        if not self._knows_key(request):
            return "", "unauthorized", _error(401, "invalid_api_key", "Incorrect API key provided")
        fault = self.faults.for_call(number)
        if fault is not None:
            response = await self._fail(fault)
            if response is not None:
                return "", fault.kind.value, response
        try:
            body = json.loads(request.body)
            asked = read_request(body)
        except (ValueError, AttributeError, TypeError) as error:
            return "", "malformed", _error(400, "invalid_request_error", f"unreadable request: {error}")
        if body.get("stream"):
            return "", "malformed", _error(400, "invalid_request_error", "stream must be false")
        role, text = self._dialogue.answer(self._sampled(asked, request, body.get("temperature")))
        outcome = "answered" if fault is None else fault.kind.value
        return role, outcome, self._answer(number, asked, text, fault, str(body.get("model", MODEL)))

    def _sampled(self, asked: ChatRequest, request: HttpRequest, temperature: object) -> ChatRequest:
        """The request, told apart from its earlier occurrences where chance has a say."""
        if self._repeats is None or not temperature:
            return asked
        body_hash = hashlib.sha256(request.body).hexdigest()
        self._repeats[body_hash] += 1
        return replace(asked, sample=str(self._repeats[body_hash]))

    def _knows_key(self, request: HttpRequest) -> bool:
        accepted = self.faults.accepted_key
        return accepted is None or request.headers.get("authorization") == f"Bearer {accepted}"

    async def _fail(self, fault: Fault) -> HttpResponse | None:
        """The failing response; `None` for the faults that need an answer to spoil."""
        match fault.kind:
            case FaultKind.RATE_LIMITED:
                after = {"retry-after": f"{fault.retry_after_s:g}"}
                return _error(429, "rate_limit_exceeded", "Rate limit reached", after)
            case FaultKind.SERVER_ERROR:
                return _error(500, "server_error", "The server had an error")
            case FaultKind.DOWN:
                return HttpResponse(drop=True)
            case FaultKind.EMPTY_BODY:
                return HttpResponse()
            case FaultKind.INVALID_JSON:
                return HttpResponse(body=b'{"id": "chatcmpl-1", "choices": [{"mess')
            case FaultKind.HANG:
                await asyncio.get_running_loop().create_future()
        return None

    def _answer(
        self, number: int, asked: ChatRequest, text: str, fault: Fault | None, model: str
    ) -> HttpResponse:
        kind = fault.kind if fault else None
        if kind is FaultKind.WRONG_FORMAT:
            text = "Well, that depends on how one looks at it; there is something to be said on both sides."
        message: dict[str, object] = {"role": "assistant", "content": text}
        if kind is FaultKind.REFUSAL:
            message |= {"content": None, "refusal": "I cannot help with that."}
        completion: dict[str, object] = {
            "id": f"chatcmpl-{number}",
            "object": "chat.completion",
            "created": int(time.time()),
            "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        }
        if self.faults.usage:
            completion["usage"] = _usage(asked, text)
        payload = json.dumps(completion).encode()
        return HttpResponse(body=payload, cut=kind is FaultKind.CUT_BODY)


def _embed(body: bytes) -> HttpResponse:
    """Answer POST /v1/embeddings. It is no chat call, and is not in the log."""
    try:
        wanted = json.loads(body)
        texts = wanted["input"] if isinstance(wanted["input"], list) else [wanted["input"]]
        vectors = [embedding(str(text), int(wanted.get("dimensions") or 512)) for text in texts]
    except (ValueError, KeyError, TypeError) as error:
        return _error(400, "invalid_request_error", f"unreadable request: {error}")
    data = [{"object": "embedding", "index": n, "embedding": vector} for n, vector in enumerate(vectors)]
    usage = {"prompt_tokens": sum(len(str(text)) // 4 for text in texts), "total_tokens": 0}
    return json_response({"object": "list", "model": MODEL, "data": data, "usage": usage})


def _usage(asked: ChatRequest, text: str) -> dict[str, int]:
    """Four characters a token, as a rule of thumb."""
    prompt = sum(len(content) for _, content in asked.messages) // 4 + 3 * len(asked.messages)
    completion = len(text) // 4 + 1
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> HttpResponse:
    body = {"error": {"message": message, "type": code, "code": code, "param": None}}
    return json_response(body, status, headers)


def _read_fault(given: Mapping[str, object]) -> Fault:
    values = dict(given)
    calls = values.pop("calls", None)
    kind = FaultKind(str(values.pop("kind")))
    numbers = frozenset(calls) if isinstance(calls, list) else None
    return Fault(kind=kind, calls=numbers, **values)  # type: ignore[arg-type]  # checked by the class
