"""From the model that a request names to one that can be asked, without a call and without DSPy."""

import os
from collections.abc import Mapping
from importlib.util import find_spec

from optimizers.errors import InvalidInput, ModelNotFound
from optimizers.lm.pricing import OFFLINE
from optimizers.types import ModelRef
from service.doctor import KEY_OF_PROVIDER
from service.settings import Settings

KEYLESS = frozenset({"ollama", "ollama_chat"})
"""Providers that ask for no key."""


def choose_model(name: str | None, api_base: str | None, settings: Settings) -> ModelRef:
    """The judge's model of a request; the settings' where it names none.

    Raises:
        ModelNotFound: nothing reaches a model of this name.
        InvalidInput: the address is not allowed, or a key is missing; the message says which.
    """
    return _checked(ModelRef(name=name or settings.model, api_base=_allowed(api_base, settings)))


def choose_proposer(
    name: str | None, api_base: str | None, judge: ModelRef, settings: Settings
) -> ModelRef | None:
    """The model that writes proposals, `None` for the judge's own. Raises as `choose_model`.

    It is asked at `api_base`; without one, at the judge's where it is of the judge's provider.
    """
    chosen = name or settings.proposer_model
    if chosen is None:
        return None
    base = _allowed(api_base, settings)
    if base is None and _provider(chosen) == _provider(judge.name):
        base = judge.api_base
    return _checked(ModelRef(name=chosen, api_base=base))


def missing_key(name: str, variables: Mapping[str, str]) -> str | None:
    """The variable that holds a provider's key, if it is needed and not set."""
    names = KEY_OF_PROVIDER.get(_provider(name), ())
    return names[0] if names and not any(variables.get(variable) for variable in names) else None


def _provider(name: str) -> str:
    return name.partition("/")[0]


def _allowed(api_base: str | None, settings: Settings) -> str | None:
    if api_base is None:
        return None
    for base in settings.api_bases:
        if base.rstrip("/") == api_base.rstrip("/"):
            return base
    known = ", ".join(settings.api_bases) or "none"
    raise InvalidInput(
        f"api_base must be one of CONCORD_API_BASES (now: {known}), got {api_base!r}; "
        "an address has to be allowed by whoever runs this service"
    )


def _checked(model: ModelRef) -> ModelRef:
    if model.name == OFFLINE:
        return ModelRef(name=OFFLINE)
    provider = _provider(model.name)
    if "/" not in model.name or not model.name.partition("/")[2]:
        raise ModelNotFound(
            f"model must be 'offline' or provider/model as in 'openai/gpt-4o-mini', got {model.name!r}"
        )
    if model.api_base is not None or provider in KEYLESS:
        return model
    if provider not in KEY_OF_PROVIDER and find_spec("litellm") is None:
        known = ", ".join(sorted({*KEY_OF_PROVIDER, *KEYLESS}))
        raise ModelNotFound(f"the provider of {model.name!r} is not known; known are {known}")
    variable = missing_key(model.name, os.environ)
    if variable is not None:
        raise InvalidInput(f"model {model.name!r} needs a key: set {variable} where the service runs")
    return model
