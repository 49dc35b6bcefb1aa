"""What models cost and can do, from the list that DSPy ships and from prices that the user gives.

DSPy's own reader of that list fetches a newer one from the net when it is first used; this one reads the
packaged file only, and without importing DSPy.
"""

import gzip
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from optimizers.errors import InvalidInput, PriceUnknown
from optimizers.types import Budget, ModelRef

OFFLINE = "offline"
"""The name of the built-in model. It costs nothing."""

_PER_MILLION = 1_000_000
_NAMESPACES = {"ollama_chat": "ollama", "google": "gemini"}  # the list's own names where they differ


@dataclass(frozen=True, kw_only=True, slots=True)
class Price:
    """US dollars for a million tokens.

    Raises:
        InvalidInput: a price is negative or not finite.
    """

    prompt_usd_per_million: float
    completion_usd_per_million: float

    def __post_init__(self) -> None:
        for name in ("prompt_usd_per_million", "completion_usd_per_million"):
            value = getattr(self, name)
            if not 0 <= value < float("inf"):
                raise InvalidInput(f"{name} must be 0 or more, got {value}")

    def cost_usd(self, prompt_tokens: int, completion_tokens: int) -> float:
        """The price of one call in US dollars."""
        prompt = prompt_tokens * self.prompt_usd_per_million
        return (prompt + completion_tokens * self.completion_usd_per_million) / _PER_MILLION


FREE = Price(prompt_usd_per_million=0.0, completion_usd_per_million=0.0)


class Pricing:
    """Prices by model name. `overrides` go before the packaged list.

    A model at an address of its own (`api_base`) has no price but the one in `overrides`: the list's
    prices are those of the providers themselves.
    """

    def __init__(self, overrides: Mapping[str, Price] | None = None) -> None:
        self._overrides = dict(overrides or {})
        self._known: dict[ModelRef, Price | None] = {}

    def price(self, model: ModelRef) -> Price | None:
        """The model's price, or `None` where nobody knows it."""
        if model not in self._known:
            self._known[model] = self._looked_up(model)
        return self._known[model]

    def _looked_up(self, model: ModelRef) -> Price | None:
        if model.name in self._overrides:
            return self._overrides[model.name]
        if model.name == OFFLINE:
            return FREE
        facts = model_facts(model)
        prompt = _usd_per_million(facts.get("input_cost_per_token"))
        completion = _usd_per_million(facts.get("output_cost_per_token"))
        if prompt is None or completion is None:
            return None
        return Price(prompt_usd_per_million=prompt, completion_usd_per_million=completion)

    def require(self, models: Iterable[ModelRef], *limits: Budget | None) -> None:
        """Refuse a limit in dollars on a model whose price nobody knows.

        Raises:
            PriceUnknown: naming the model and what to do.
        """
        if all(limit is None or limit.max_cost_usd is None for limit in limits):
            return
        for model in models:
            if self.price(model) is None:
                where = f" at {model.api_base}" if model.api_base else ""
                raise PriceUnknown(
                    f"max_cost_usd cannot be held: the price of {model.name!r}{where} is not known; "
                    "give its price per million tokens, or limit calls or tokens instead"
                )


def parse_prices(text: str) -> dict[str, Price]:
    """Prices by model name from `model=prompt/completion; ...`, in US dollars for a million tokens.

    Raises:
        InvalidInput: naming the part that cannot be read.
    """
    prices = {}
    for part in filter(None, map(str.strip, text.split(";"))):
        name, _, numbers = part.rpartition("=")
        prompt, _, completion = numbers.partition("/")
        try:
            price = Price(prompt_usd_per_million=float(prompt), completion_usd_per_million=float(completion))
        except ValueError:
            price = None
        if not name.strip() or price is None:
            raise InvalidInput(
                f"a price must read model=prompt/completion in US dollars for a million tokens, as in "
                f"'openai/qwen3:8b=0.1/0.4', got {part!r}"
            )
        prices[name.strip()] = price
    return prices


def model_facts(model: ModelRef) -> Mapping[str, Any]:
    """What the packaged list says about a model (prices, sizes, abilities); empty where it says nothing.

    It says nothing about a model at an address of its own.
    """
    if model.api_base is not None:
        return {}
    prefix, separator, rest = model.name.partition("/")
    names = _packaged()
    if not separator:
        return names.get(model.name, {})
    namespace = _NAMESPACES.get(prefix, prefix)
    if f"{namespace}/{rest}" in names:
        return names[f"{namespace}/{rest}"]
    bare = names.get(rest, {})
    return bare if bare.get("litellm_provider") == namespace else {}


@cache
def _packaged() -> Mapping[str, Mapping[str, Any]]:
    spec = find_spec("dspy")
    places = spec.submodule_search_locations if spec is not None else None
    for place in places or ():
        path = Path(place) / "clients" / "model_metadata" / "snapshot.json.gz"
        if path.is_file():
            listed = json.loads(gzip.decompress(path.read_bytes()))
            return {name: facts for name, facts in listed.items() if isinstance(facts, dict)}
    return {}


def _usd_per_million(usd_per_token: object) -> float | None:
    if isinstance(usd_per_token, bool) or not isinstance(usd_per_token, int | float) or usd_per_token < 0:
        return None
    return round(usd_per_token * _PER_MILLION, 9)  # the list's 1.5e-07 is 0.15, not 0.15000000000000002
