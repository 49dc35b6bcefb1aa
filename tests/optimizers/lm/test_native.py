"""The native client as a transport: keys, addresses, and what goes over the wire."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from optimizers.errors import (
    AuthenticationFailed,
    InvalidInput,
    ModelNotFound,
    ProviderError,
    ProviderUnavailable,
    RequestRejected,
)
from optimizers.lm.transports import Routes
from optimizers.lm.transports.native import NativeTransport
from optimizers.types import Decoding, Message, ModelAnswer, ModelRef, ModelRequest

NO_KEYS: dict[str, str] = {}
KEYS: dict[str, str] = {"OPENAI_API_KEY": "sk-openai-12345678"}
ANSWER = {"id": "1", "model": "m", "choices": [{"message": {"content": "fine"}, "finish_reason": "stop"}]}
USAGE = {"usage": {"prompt_tokens": 7, "completion_tokens": 2, "total_tokens": 9}}
MESSAGES = (
    Message(role="system", content="Judge."),
    Message(role="user", content="One"),
    Message(role="assistant", content="pass"),
    Message(role="user", content="Two"),
)


class Wire:
    """A server that keeps what it got and answers what it is told."""

    def __init__(self, status: int = 200, body: object = None) -> None:
        self.status = status
        self.body = json.dumps(ANSWER | USAGE if body is None else body).encode()
        self.head = ""
        self.sent: dict[str, object] = {}
        self.api_base = ""

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next(
            int(line[15:]) for line in self.head.lower().split("\r\n") if line.startswith("content-length")
        )
        self.sent = json.loads(await reader.readexactly(length))
        head = f"HTTP/1.1 {self.status} X\r\nContent-Length: {len(self.body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + self.body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def serving(wire: Wire) -> AsyncIterator[Wire]:
    server = await asyncio.start_server(wire.handle, "127.0.0.1", 0)
    async with server:
        wire.api_base = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
        yield wire


async def ask(
    wire: Wire, name: str = "openai/m", decoding: Decoding | None = None, keys: dict[str, str] = KEYS
) -> ModelAnswer:
    async with serving(wire):
        model = ModelRef(name=name, api_base=wire.api_base)
        transport = NativeTransport(model, keys.get, timeout_s=5)
        try:
            request = ModelRequest(model=model, messages=MESSAGES, decoding=decoding or Decoding())
            return await transport.complete(request)
        finally:
            await transport.aclose()


async def test_messages_and_settings_go_over_the_wire_as_they_are() -> None:
    wire = Wire()
    schema = {
        "type": "json_schema",
        "json_schema": {"name": "v", "schema": {"type": "object"}, "strict": True},
    }
    decoding = Decoding(
        temperature=0.5,
        max_tokens=9,
        top_p=0.9,
        seed=4,
        stop=("END",),
        logprobs=2,
        response_format=json.dumps(schema),
    )
    await ask(wire, decoding=decoding)
    assert wire.sent["messages"] == [{"role": m.role, "content": m.content} for m in MESSAGES]
    assert wire.sent["model"] == "m"
    assert wire.sent["response_format"] == schema
    settings = {k: wire.sent[k] for k in ("temperature", "top_p", "seed", "stop", "logprobs", "top_logprobs")}
    assert settings == {
        "temperature": 0.5, "top_p": 0.9, "seed": 4, "stop": ["END"], "logprobs": True, "top_logprobs": 2,
    }  # fmt: skip
    assert 9 in (wire.sent.get("max_tokens"), wire.sent.get("max_completion_tokens"))


async def test_settings_left_to_the_provider_are_not_sent() -> None:
    wire = Wire()
    await ask(wire, decoding=Decoding(temperature=None, max_tokens=None))
    assert set(wire.sent) == {"model", "messages"}


async def test_a_schema_written_beside_its_type_reaches_openais_form() -> None:
    wire = Wire()
    form = json.dumps({"type": "json_schema", "schema": {"type": "object"}})
    await ask(wire, decoding=Decoding(response_format=form))
    assert wire.sent["response_format"] == {
        "type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object"}},
    }  # fmt: skip


async def test_a_model_that_thinks_first_gets_no_temperature_and_room_to_think() -> None:
    wire = Wire()
    await ask(wire, name="openai/gpt-5-mini", decoding=Decoding(temperature=0.0, max_tokens=100))
    assert "temperature" not in wire.sent
    assert 16_000 in (wire.sent.get("max_tokens"), wire.sent.get("max_completion_tokens"))


async def test_the_answer_has_text_tokens_and_reason() -> None:
    answer = await ask(Wire())
    assert (answer.text, answer.finish_reason, answer.prompt_tokens, answer.completion_tokens) == (
        "fine",
        "stop",
        7,
        2,
    )


async def test_logprobs_come_back_as_chosen_tokens() -> None:
    content = [
        {"token": "fi", "logprob": -0.1, "top_logprobs": []},
        {"token": "ne", "logprob": -0.2, "top_logprobs": []},
    ]
    choice = {"message": {"content": "fine"}, "finish_reason": "length", "logprobs": {"content": content}}
    answer = await ask(Wire(body={"model": "m", "choices": [choice]}))
    assert answer.logprobs == (("fi", -0.1), ("ne", -0.2))
    assert answer.finish_reason == "length"


async def test_a_filtered_answer_says_so() -> None:
    choice = {"message": {"content": ""}, "finish_reason": "content_filter"}
    assert (await ask(Wire(body={"model": "m", "choices": [choice]}))).finish_reason == "content_filter"


@pytest.mark.parametrize(
    "body", [{}, [], "text", {"choices": []}, {"choices": 3}, {"error": {"message": "x"}}]
)
async def test_a_reply_without_an_answer_is_worth_another_try(body: object) -> None:
    with pytest.raises(ProviderUnavailable):
        await ask(Wire(body=body))


def error_body(message: str, code: str = "c") -> dict[str, object]:
    return {"error": {"message": message, "type": code, "code": code}}


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (400, "invalid_request_error", RequestRejected),
        (400, "context_length_exceeded", RequestRejected),
        (413, "too_large", RequestRejected),
        (422, "unprocessable", RequestRejected),
        (451, "unavailable_for_legal_reasons", RequestRejected),
        (401, "invalid_api_key", AuthenticationFailed),
        (403, "forbidden", AuthenticationFailed),
        (402, "billing", AuthenticationFailed),
        (429, "insufficient_quota", AuthenticationFailed),
        (404, "model_not_found", ModelNotFound),
        (404, "c", ModelNotFound),
        (408, "timeout", ProviderUnavailable),
        (409, "conflict", ProviderUnavailable),
        (429, "rate_limit_exceeded", ProviderUnavailable),
        (500, "server_error", ProviderUnavailable),
        (502, "bad_gateway", ProviderUnavailable),
        (529, "overloaded", ProviderUnavailable),
    ],
)
async def test_each_status_has_its_error(status: int, code: str, expected: type[ProviderError]) -> None:
    with pytest.raises(expected, match=rf"^openai/m: no, thank you.*\(HTTP {status}\)$"):
        await ask(Wire(status, error_body("no, thank you", code)))


async def test_only_a_429_is_surely_not_charged() -> None:
    for status, charged in ((429, False), (500, True)):
        with pytest.raises(ProviderUnavailable) as trouble:
            await ask(Wire(status, error_body("no")))
        assert (trouble.value.charged, trouble.value.rate_limited) == (charged, not charged)


async def test_a_key_that_is_echoed_is_taken_out() -> None:
    with pytest.raises(AuthenticationFailed) as refused:
        await ask(Wire(401, error_body(f"Incorrect API key provided: {KEYS['OPENAI_API_KEY']}")))
    assert "12345678" not in str(refused.value)
    assert "[key]" in str(refused.value)


# --- keys and addresses -----------------------------------------------------------------------------------


async def test_the_key_is_sent_as_a_bearer() -> None:
    wire = Wire()
    await ask(wire)
    assert f"authorization: bearer {KEYS['OPENAI_API_KEY']}" in wire.head.lower()


async def test_an_address_of_its_own_needs_no_key() -> None:
    wire = Wire()
    await ask(wire, keys={})
    assert "authorization: bearer none" in wire.head.lower()


async def test_a_key_in_the_environment_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-from-the-environment")
    with pytest.raises(AuthenticationFailed, match="set OPENAI_API_KEY"):
        NativeTransport(ModelRef(name="openai/gpt-4o"), NO_KEYS.get)


async def test_a_proxy_of_the_environment_is_not_used_on_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    assert (await ask(Wire())).text == "fine"


@pytest.mark.parametrize("name", ["ollama_chat/llama3:8b", "hosted_vllm/org/model", "openai/org/model:tag"])
async def test_names_keep_their_slashes_and_colons(name: str) -> None:
    wire = Wire()
    await ask(wire, name=name)
    assert wire.sent["model"] == name.partition("/")[2]


def test_ollamas_address_may_lack_its_path() -> None:
    model = ModelRef(name="ollama_chat/llama3", api_base="http://127.0.0.1:11434")
    transport = NativeTransport(model, NO_KEYS.get)
    assert transport._client(model)[0].base_url == "http://127.0.0.1:11434/v1"


@pytest.mark.parametrize(
    ("name", "variable"),
    [
        ("openai/gpt-4o", "OPENAI_API_KEY"),
        ("gpt-4o", "OPENAI_API_KEY"),
        ("anthropic/claude-sonnet-4-5", "ANTHROPIC_API_KEY"),
        ("gemini/gemini-2.5-flash", "GEMINI_API_KEY or GOOGLE_API_KEY"),
        ("xai/grok-4", "XAI_API_KEY"),
        ("groq/llama", "GROQ_API_KEY"),
    ],
)
def test_a_missing_key_names_its_variable(name: str, variable: str) -> None:
    with pytest.raises(AuthenticationFailed, match=f"no key is configured for '{name}': set {variable}"):
        Routes({})(ModelRef(name=name))


def test_keys_may_be_found_by_a_function() -> None:
    asked: list[str] = []

    def find(variable: str) -> str | None:
        asked.append(variable)
        return "sk-found-12345678"

    Routes(find)(ModelRef(name="anthropic/claude-sonnet-4-5"))
    assert "ANTHROPIC_API_KEY" in asked


def test_one_provider_at_one_address_has_one_transport() -> None:
    routes = Routes(KEYS)
    here = [routes(ModelRef(name=f"openai/{n}", api_base="http://127.0.0.1:1/v1")) for n in "ab"]
    assert here[0] is here[1]
    assert routes(ModelRef(name="openai/a")) is not here[0]


def test_an_unknown_provider_at_an_address_is_told_how_to_write_it() -> None:
    with pytest.raises(ModelNotFound, match="write 'openai/m' for an OpenAI-compatible address"):
        Routes(KEYS)(ModelRef(name="mystery/m", api_base="http://127.0.0.1:1/v1"))


@pytest.mark.parametrize("address", ["localhost:8000/v1", "ftp://host/v1", "http:///v1", ""])
def test_an_address_that_is_none_is_refused(address: str) -> None:
    with pytest.raises(InvalidInput, match="api_base must be like"):
        Routes(KEYS)(ModelRef(name="openai/m", api_base=address))


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(InvalidInput, match="no user or password") as refused:
        Routes(KEYS)(ModelRef(name="openai/m", api_base="http://me:hunter2@host/v1"))
    assert "hunter2" not in str(refused.value)


def test_no_key_is_shown_by_what_holds_it() -> None:
    routes: Callable[[ModelRef], object] = Routes(KEYS)
    transport = routes(ModelRef(name="openai/gpt-4o"))
    assert KEYS["OPENAI_API_KEY"] not in repr(routes) + repr(transport)
