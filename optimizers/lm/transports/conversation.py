"""A request as DSPy's clients want it, and their reply as an answer."""

import json
from collections.abc import Mapping

from dspy.clients.call_result import usage_dict
from dspy.lm15 import DataPart, RefusalPart, Request, Response, TextPart, request_from_openai_chat

from optimizers.lm.reasoning import LEAST_COMPLETION_TOKENS, thinks_first
from optimizers.types import Decoding, ModelAnswer, ModelRequest

_FINISH = {"stop": "stop", "length": "length", "content_filter": "content_filter"}
_ANSWER_FIELDS = ("choices", "content", "candidates", "output")  # one of them is in every provider's reply


def question(request: ModelRequest, wire_model: str) -> Request:
    """The request in the client's terms, by its own reader of OpenAI's form, as DSPy makes it."""
    messages = [{"role": message.role, "content": message.content} for message in request.messages]
    return request_from_openai_chat(
        {"model": wire_model, "messages": messages, **_settings(request.decoding, wire_model)}
    )


def _settings(decoding: Decoding, wire_model: str) -> dict[str, object]:
    settings: dict[str, object] = {
        "temperature": decoding.temperature,
        "max_tokens": decoding.max_tokens,
        "top_p": decoding.top_p,
        "seed": decoding.seed,
        "stop": list(decoding.stop) or None,
        "response_format": _response_format(decoding.response_format),
        "logprobs": True if decoding.logprobs is not None else None,
        "top_logprobs": decoding.logprobs,
        "reasoning_effort": decoding.reasoning_effort,
    }
    if thinks_first(wire_model):
        settings |= {"temperature": None, "top_p": None}
        if decoding.max_tokens is not None:
            settings["max_tokens"] = max(decoding.max_tokens, LEAST_COMPLETION_TOKENS)
    return {name: value for name, value in settings.items() if value is not None}


def _response_format(text: str | None) -> object:
    """OpenAI's form; a schema may also stand beside its type, as the native client writes it."""
    if text is None:
        return None
    form = json.loads(text)
    if form.get("type") != "json_schema" or "json_schema" in form:
        return form
    inner = {"name": "answer"} | {name: form[name] for name in ("name", "schema", "strict") if name in form}
    return {"type": "json_schema", "json_schema": inner}


def answer(response: Response, provider: str) -> ModelAnswer:
    """The reply as an answer; tokens as DSPy counts them, cached and thinking ones included.

    Raises:
        ValueError: the reply holds no answer at all.
    """
    parts = response.message.parts
    text = "".join(_written(part) for part in parts)
    refusal = "".join(part.text for part in parts if isinstance(part, RefusalPart))
    reply = response.provider_data
    if not text and not refusal and isinstance(reply, Mapping) and not any(map(reply.get, _ANSWER_FIELDS)):
        raise ValueError("it holds no answer")
    usage = usage_dict(response, provider)
    return ModelAnswer(
        text=text or refusal,
        finish_reason="refusal" if refusal else _FINISH.get(response.finish_reason, "other"),
        prompt_tokens=usage.get("prompt_tokens", 0),
        completion_tokens=usage.get("completion_tokens", 0),
        logprobs=tuple((token.token, token.logprob) for token in response.logprobs or ()) or None,
    )


def _written(part: object) -> str:
    if isinstance(part, DataPart):  # the client parses answers to certain schemas; we read text
        return json.dumps(part.value, ensure_ascii=False)
    return part.text if isinstance(part, TextPart) else ""
