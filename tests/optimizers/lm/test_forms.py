"""A form says what the client would say, and a plain answer is what the client would read."""

import json
from typing import Any

import orjson
import pytest
from dspy._vendor.lm15.providers.base import HttpResponse
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizers.errors import ProviderUnavailable
from optimizers.lm.transports.conversation import answer, question
from optimizers.lm.transports.forms import form_of, plain_answer
from optimizers.lm.transports.native import NativeTransport
from optimizers.types import Decoding, Message, ModelRef, ModelRequest

from .test_native import ANSWER, NO_KEYS, USAGE, Wire, serving

MODEL = ModelRef(name="openai/m", api_base="http://127.0.0.1:1/v1")
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
ROLES = ("system", "user", "assistant", "user")


def messages(texts: list[str]) -> tuple[Message, ...]:
    return tuple(
        Message(role=role, content=text)  # type: ignore[arg-type]  # they are roles
        for role, text in zip(ROLES, texts, strict=False)
    )


@pytest.fixture(scope="module")
def client() -> Any:
    return NativeTransport(MODEL, NO_KEYS.get)._client(MODEL)[0]


@settings(deadline=None)
@given(
    first=st.lists(TEXTS, min_size=4, max_size=4),
    second=st.lists(TEXTS, min_size=4, max_size=4),
    length=st.integers(2, 4),
    decoding=st.builds(
        Decoding,
        temperature=st.none() | st.floats(0, 2),
        max_tokens=st.none() | st.integers(1, 9_999),
        seed=st.none() | st.integers(0, 99),
        stop=st.sampled_from([(), ("END",)]),
        logprobs=st.none() | st.integers(0, 5),
    ),
)
def test_a_filled_form_is_what_the_client_would_send(
    client: Any, first: list[str], second: list[str], length: int, decoding: Decoding
) -> None:
    def sent(texts: list[str]) -> Any:
        asked = ModelRequest(model=MODEL, messages=messages(texts[:length]), decoding=decoding)
        return client._inner._build(question(asked, "m"), stream=False, policy=client.adaptations)[0]

    form = form_of(sent(first), messages(first[:length]))
    assert form is not None
    filled, wanted = form.fill(messages(second[:length])), sent(second)
    assert filled.body == wanted.body
    assert (filled.method, filled.url, filled.headers) == (wanted.method, wanted.url, wanted.headers)


VALUES: st.SearchStrategy[object] = (
    st.none() | st.booleans() | st.integers(-2, 99) | TEXTS | st.just([]) | st.just({"a": 1})
)
COUNTS = st.none() | st.integers(-1, 99) | st.just(1.5) | st.booleans()
REPLIES: st.SearchStrategy[dict[str, object]] = st.fixed_dictionaries(
    {
        "choices": st.lists(
            st.fixed_dictionaries(
                {
                    "message": st.fixed_dictionaries(
                        {"content": st.text(max_size=5) | VALUES},
                        optional={
                            "role": st.just("assistant"),
                            "refusal": st.none() | TEXTS,
                            "reasoning_content": st.none() | TEXTS,
                            "tool_calls": st.none() | st.just([]),
                        },
                    ),
                    "finish_reason": st.sampled_from(["stop", "length", "content_filter", "eos", None]),
                },
                optional={"logprobs": st.none() | st.just({"content": []}), "index": st.just(0)},
            ),
            max_size=2,
        )
        | st.just(3),
    },
    optional={
        "model": st.just("m"),
        "error": st.none() | st.just({"message": "no"}),
        "usage": st.dictionaries(
            st.sampled_from(
                ["prompt_tokens", "completion_tokens", "total_tokens", "completion_tokens_details"]
            ),
            COUNTS | st.just({"reasoning_tokens": 2, "audio_tokens": None}),
        ),
    },
)


@settings(deadline=None, max_examples=400)
@given(reply=REPLIES)
def test_a_plain_answer_is_what_the_client_would_read(client: Any, reply: dict[str, object]) -> None:
    body = orjson.dumps(reply)
    found = plain_answer(body)
    if found is None:
        return  # the client reads it
    asked = question(ModelRequest(model=MODEL, messages=messages(["a", "b"])), "m")
    response = HttpResponse(
        status=200, reason="OK", headers=[], body=body, http_version="HTTP/1.1", provider="openai"
    )
    assert found == answer(client._inner.parse_response(asked, response), "openai")


def test_a_usual_reply_is_plain() -> None:
    found = plain_answer(json.dumps(ANSWER | USAGE).encode())
    assert found is not None
    assert (found.text, found.prompt_tokens, found.completion_tokens) == ("fine", 7, 2)


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"<html>", b'{"choices": []}', b"\xff"])
def test_what_is_no_reply_is_left_to_the_client(body: bytes) -> None:
    assert plain_answer(body) is None


async def test_the_second_call_of_a_kind_says_the_same_and_errors_are_the_clients() -> None:
    async with serving(Wire()) as wire:
        model = ModelRef(name="openai/m", api_base=wire.api_base)
        transport = NativeTransport(model, {"OPENAI_API_KEY": "sk-openai-12345678"}.get, timeout_s=5)
        request = ModelRequest(model=model, messages=messages(["Judge.", "One"]), decoding=Decoding(seed=4))
        assert (await transport.complete(request)).text == "fine"
        first, head = wire.sent, wire.head
        assert transport._forms
        assert (await transport.complete(request)).prompt_tokens == 7
        assert wire.sent == first
        assert sorted(wire.head.splitlines()) == sorted(head.splitlines())
        wire.status, wire.body = 503, b'{"error": {"message": "busy"}}'
        with pytest.raises(ProviderUnavailable, match=r"^openai/m: busy.*\(HTTP 503\)$"):
            await transport.complete(request)
        wire.status, wire.body = (
            200,
            b'{"choices": [{"message": {"content": [{"type": "text", "text": "x"}]}}]}',
        )
        assert (await transport.complete(request)).text == "x"  # not plain: the client reads it
        await transport.aclose()


async def test_the_client_makes_each_request_of_a_provider_that_counts_otherwise() -> None:
    async with serving(Wire()) as wire:
        model = ModelRef(name="xai/grok", api_base=wire.api_base)
        transport = NativeTransport(model, {"XAI_API_KEY": "xai-12345678"}.get, timeout_s=5)
        await transport.complete(ModelRequest(model=model, messages=messages(["Judge.", "One"])))
        assert not transport._forms
        await transport.aclose()
