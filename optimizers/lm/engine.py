"""A session as a DSPy language model: whatever DSPy asks passes the gateway, its ledger and its budget.

DSPy's own cache and retries are off: its cache ignores the address, and its retries would be paid
without being counted.
"""

import asyncio
import json
from collections.abc import Coroutine
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn, Self

import dspy
from dspy.lm15 import InvalidRequestError, Request, Response, TextPart, UnsupportedFeatureError
from dspy.lm15 import Message as DspyMessage
from dspy.lm15 import Usage as DspyUsage
from dspy.utils.callback import BaseCallback

from optimizers.errors import (
    ConcordError,
    InvalidInput,
    PauseReason,
    ProviderUnavailable,
    RunFailed,
    RunPaused,
    StorageFailed,
)
from optimizers.lm.loop import BackgroundLoop
from optimizers.lm.pricing import model_facts
from optimizers.lm.reasoning import thinks_first
from optimizers.lm.session import Session
from optimizers.types import Decoding, Message, ModelAnswer, ModelRef, ModelRequest, canonical_json, digest

_FINISH = {
    "stop": "stop",
    "length": "length",
    "refusal": "content_filter",
    "content_filter": "content_filter",
}


_ROLES: dict[str, Literal["system", "user", "assistant"]] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}


def dspy_lm(
    session: Session, loop: BackgroundLoop, model: ModelRef, decoding: Decoding, *, purpose: str = ""
) -> dspy.LM:
    """A `dspy.LM` that asks `model` through `session`.

    `decoding` holds for what a call leaves open. `purpose` (`judge`, `proposer`) names it in messages.
    Trouble that no row can be blamed for stops the run, since DSPy would count it as wrong answers: an
    outage pauses it, and what no later call can mend (a wrong key, say) fails it.
    """
    calls = _Calls(session, loop, model, decoding, purpose)
    own = (
        {}
        if thinks_first(model.name)
        else {"temperature": decoding.temperature, "max_tokens": decoding.max_tokens}
    )
    return dspy.LM(
        model.name,
        cache=False,
        num_retries=0,
        callbacks=[_Rollouts()],
        engine=SessionEngine(calls),
        async_engine=AsyncSessionEngine(calls),
        **own,
    )


# --- rollouts: DSPy takes their number out of a request before an engine sees it ------------------------


@dataclass(slots=True)
class _Rollout:
    """One call of an LM: its rollout, and how many answers it has asked for so far (its `n`)."""

    id: object
    asked: int = 0

    def next_sample(self) -> int:
        """A number that differs between rollouts and between the answers of one call."""
        answer, self.asked = self.asked, self.asked + 1
        if answer == 0 and (self.id is None or (isinstance(self.id, int) and self.id >= 0)):
            return int(self.id or 0)
        return int(digest([self.id, answer])[:12], 16)


_rollout: ContextVar[_Rollout | None] = ContextVar("concord_rollout", default=None)


class _Rollouts(BaseCallback):  # type: ignore[misc]  # DSPy is not typed
    """Carries the rollout of a call to the engine, which runs in the same context."""

    def on_lm_start(self, call_id: str, instance: Any, inputs: dict[str, Any]) -> None:  # noqa: ARG002
        """A call begins."""
        given = inputs.get("kwargs") or {}
        _rollout.set(_Rollout(given.get("rollout_id", instance.kwargs.get("rollout_id"))))

    def on_lm_end(self, call_id: str, outputs: Any, exception: BaseException | None = None) -> None:  # noqa: ARG002
        """A call has ended."""
        _rollout.set(None)


# --- engines --------------------------------------------------------------------------------------------


class _Calls:
    """What both engines share: the session, and requests and answers in both languages."""

    def __init__(
        self, session: Session, loop: BackgroundLoop, model: ModelRef, decoding: Decoding, purpose: str
    ) -> None:
        self.session = session
        self.loop = loop
        self.model = model
        self.decoding = decoding
        self.purpose = purpose

    def ask(self, asked: Request) -> Coroutine[Any, Any, ModelAnswer]:
        """Ask the session; DSPy's optimizers do not look at the budget before they call."""
        rollout = _rollout.get() or _Rollout(None)
        request = ModelRequest(
            model=self.model,
            messages=_messages(asked),
            decoding=_decoding(asked, self.decoding),
            sample=rollout.next_sample(),
        )
        return self.session.ask(request, granted=False)

    def response(self, answer: ModelAnswer) -> Response:
        """Our answer as DSPy's; a rejected request is that row's error."""
        if answer.rejected is not None:
            raise InvalidRequestError(answer.rejected)
        return Response(
            id=None,
            model=self.model.name,
            message=DspyMessage.assistant(answer.text),
            finish_reason=_FINISH.get(answer.finish_reason, "stop"),
            usage=DspyUsage(input_tokens=answer.prompt_tokens, output_tokens=answer.completion_tokens),
        )

    def stop(self, error: ConcordError) -> NoReturn:
        """Stop the run: DSPy would swallow `error` and score the row with zero."""
        if not isinstance(error, ProviderUnavailable | StorageFailed):
            self.session.fail(error)
            raise RunFailed(error) from error
        reason = PauseReason.STORAGE if isinstance(error, StorageFailed) else PauseReason.PROVIDER
        what = f"the {self.purpose} model" if self.purpose else "the model"
        message = f"{what} cannot be asked: {error}"
        self.session.pause(reason, message)
        raise RunPaused(reason, message) from error


class _Engine:
    """What DSPy wants to know of an engine; neither saved nor copied with a program."""

    supports_function_calling = False
    supports_reasoning = False

    def __init__(self, calls: _Calls) -> None:
        self._calls = calls
        facts = model_facts(calls.model)
        self.supports_response_schema = bool(facts.get("supports_response_schema"))
        known = {"temperature", "max_tokens", "top_p", "stop", "seed"}
        self.supported_params = frozenset(known | {"response_format"} if facts else known)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: dict[int, object]) -> Self:
        return self

    def dump_state(self) -> dict[str, object]:
        """The model's name and address: no key, nothing that runs."""
        return {"model": self._calls.model.name, "api_base": self._calls.model.api_base}

    @classmethod
    def load_state(cls, state: dict[str, object]) -> Self:
        """Refuse: a saved program gets its language model from the run that loads it."""
        raise InvalidInput(f"set a language model after loading the program; {state!r} is only its name")


class SessionEngine(_Engine):
    """The engine for DSPy's synchronous calls, from any thread but the loop's own."""

    def complete(self, request: Request) -> Response:
        """Answer one request.

        Raises:
            RunStopped: the run was stopped, or cannot go on.
            InvalidRequestError: the provider rejects this request.
        """
        calls = self._calls
        try:
            return calls.response(calls.loop.run(calls.ask(request)))
        except ConcordError as error:
            calls.stop(error)

    def close(self) -> None:
        """Do nothing: the gateway owns all connections."""


class AsyncSessionEngine(_Engine):
    """The engine for DSPy's asynchronous calls, from any event loop."""

    async def complete(self, request: Request) -> Response:
        """Answer one request; see `SessionEngine.complete`."""
        calls = self._calls
        question = calls.ask(request)
        try:
            if calls.loop.owns(asyncio.get_running_loop()):
                return calls.response(await question)
            return calls.response(await asyncio.wrap_future(calls.loop.submit(question)))
        except ConcordError as error:
            calls.stop(error)

    async def aclose(self) -> None:
        """Do nothing: the gateway owns all connections."""


# --- from DSPy's terms to ours --------------------------------------------------------------------------


def _messages(asked: Request) -> tuple[Message, ...]:
    if asked.tools:
        raise UnsupportedFeatureError("tools are not supported: the gateway carries text only")
    system: list[Message] = []
    if asked.system is not None:
        text = asked.system if isinstance(asked.system, str) else _text(asked.system)
        system = [Message(role="system", content=text)]
    return (*system, *(_message(message) for message in asked.messages))


def _message(message: DspyMessage) -> Message:
    if message.role not in _ROLES:
        raise UnsupportedFeatureError(
            f"messages of role {message.role!r} are not supported: the gateway carries text only"
        )
    return Message(role=_ROLES[message.role], content=_text(message.parts))


def _text(parts: Any) -> str:
    for part in parts:
        if not isinstance(part, TextPart):
            raise UnsupportedFeatureError(
                f"{part.type!r} parts are not supported: the gateway carries text only"
            )
    return "".join(part.text for part in parts)


def _decoding(asked: Request, default: Decoding) -> Decoding:
    """What the request sets, and `default` for the rest."""
    config = asked.config
    given = {
        "temperature": config.temperature,
        "max_tokens": config.max_tokens,
        "top_p": config.top_p,
        "seed": config.seed,
        "stop": tuple(config.stop) or None,
        "response_format": _response_format(config.response_format),
        "logprobs": config.logprobs,
        "reasoning_effort": config.reasoning.effort if config.reasoning is not None else None,
    }
    return replace(default, **{name: value for name, value in given.items() if value is not None})


def _response_format(form: Any) -> str | None:
    """OpenAI's form, so that the same question has the same key whoever asks it."""
    if form is None:
        return None
    if form["type"] != "json_schema":
        return canonical_json(form)
    inner = {"name": "answer", **{name: value for name, value in form.items() if name != "type"}}
    return canonical_json({"type": "json_schema", "json_schema": json.loads(json.dumps(inner))})
