"""Shapes of what can be chosen from, and of how a request says what it has chosen."""

import re
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from optimizers.types import Budget, Message, VerbatimPrompt


class OptionOut(BaseModel):
    """Something that can be set of a strategy, under `options` of a run."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    default: int | float | str | list[str] | None
    summary: str


class StrategyOut(BaseModel):
    """A way to find candidates, in one sentence. `transfers`: it starts from the winners of earlier runs."""

    name: str
    summary: str
    is_default: bool
    transfers: bool
    options: list[OptionOut]


class FormatOut(BaseModel):
    """A form in which a judge can be had, in one sentence."""

    name: str
    summary: str


class PriceOut(BaseModel):
    """US dollars for a million tokens."""

    prompt_usd_per_million: float
    completion_usd_per_million: float


class ModelOut(BaseModel):
    """A model that a request may name. `missing` is the variable whose key it lacks; without one it is
    `ready`."""

    name: str
    ready: bool
    api_base: str | None = None
    missing: str | None = None
    price: PriceOut | None = None
    note: str | None = None


class ProviderOut(BaseModel):
    """The prefix of models that one key opens."""

    prefix: str
    variables: list[str]
    ready: bool


class ModelsOut(BaseModel):
    """The models of requests that name none, the addresses that may be named, and whose keys are set."""

    judge: ModelOut
    proposer: ModelOut
    offline: ModelOut
    api_bases: list[str]
    providers: list[ProviderOut]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Limits(_Strict):
    """Limits on calls, tokens and dollars; one that is not given does not limit."""

    max_calls: int | None = Field(default=None, gt=0)
    max_tokens: int | None = Field(default=None, gt=0)
    max_cost_usd: float | None = Field(default=None, gt=0)

    def value(self) -> Budget:
        """The core's form."""
        return Budget(max_calls=self.max_calls, max_tokens=self.max_tokens, max_cost_usd=self.max_cost_usd)


class MessageIn(_Strict):
    """One chat message. `{{input}}` and `{{output}}` stand for the row's texts."""

    role: Literal["system", "user", "assistant"]
    content: str = Field(max_length=1_000_000)


class ResponseIn(BaseModel):
    """How to read the verdict: from a field of a JSON answer, or by the first group of `pattern`."""

    model_config = ConfigDict(extra="ignore", populate_by_name=True)

    field: str = "verdict"
    pattern: str | None = None
    pass_value: str = Field(default="pass", alias="pass")
    fail_value: str = Field(default="fail", alias="fail")


_LIKE_A_PLACEHOLDER = re.compile(r"\{\{\s*(?:input|output)\s*\}\}", re.IGNORECASE)


class PromptIn(BaseModel):
    """A prompt of one's own, sent as it is: the form that `best?format=messages` gives."""

    model_config = ConfigDict(extra="ignore")

    messages: list[MessageIn] = Field(min_length=1, max_length=100)
    placeholders: dict[str, Any] | None = None
    response: ResponseIn = ResponseIn()

    @model_validator(mode="after")
    def _usual_placeholders(self) -> Self:
        usual = {"input": "{{input}}", "output": "{{output}}"}
        if self.placeholders not in (None, usual):
            raise ValueError(
                f"placeholders must be {{{{input}}}} and {{{{output}}}}, got {self.placeholders}"
            )
        return self

    @model_validator(mode="after")
    def _no_near_miss(self) -> Self:
        for near in (m for message in self.messages for m in _LIKE_A_PLACEHOLDER.findall(message.content)):
            if near not in ("{{input}}", "{{output}}"):
                raise ValueError(f"{near!r} would be sent as it is; write {{{{input}}}} and {{{{output}}}}")
        return self

    def value(self) -> VerbatimPrompt:
        """The core's form."""
        return VerbatimPrompt(
            messages=tuple(Message(role=m.role, content=m.content) for m in self.messages),
            field=self.response.field,
            pattern=self.response.pattern,
            pass_value=self.response.pass_value,
            fail_value=self.response.fail_value,
        )
