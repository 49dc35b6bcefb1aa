"""GET /strategies, /models and /formats: what a request can choose from."""

import os

from fastapi import APIRouter

from optimizers.export import FORMATS
from optimizers.lm.pricing import OFFLINE, Pricing
from optimizers.strategies.registry import DEFAULT, STRATEGIES
from optimizers.types import ModelRef
from service.catalog.choice import missing_key
from service.catalog.schemas import (
    FormatOut,
    ModelOut,
    ModelsOut,
    OptionOut,
    PriceOut,
    ProviderOut,
    StrategyOut,
)
from service.dependencies import SettingsDep
from service.doctor import KEY_OF_PROVIDER

router = APIRouter(tags=["catalog"])

DEMONSTRATION = "a demonstration, not a language model: it learns from the examples in its prompt alone"


@router.get("/strategies")
def list_strategies() -> list[StrategyOut]:
    """How candidates can be found, and what can be set of each."""
    return [
        StrategyOut(
            name=name,
            summary=entry.summary,
            is_default=name == DEFAULT,
            transfers=entry.transfers,
            options=[OptionOut.model_validate(option) for option in entry.options],
        )
        for name, entry in STRATEGIES.items()
    ]


@router.get("/formats")
def list_formats() -> list[FormatOut]:
    """The forms in which a judge can be had; see `best` of runs and datasets."""
    return [FormatOut(name=name, summary=form.summary) for name, form in FORMATS.items()]


@router.get("/models")
def list_models(settings: SettingsDep) -> ModelsOut:
    """The models of requests that name none, and what else can be named. Keys are named, never shown."""
    pricing = settings.pricing
    return ModelsOut(
        judge=_model(settings.model, pricing),
        proposer=_model(settings.proposer, pricing),
        offline=_model(OFFLINE, pricing),
        api_bases=list(settings.api_bases),
        providers=[
            ProviderOut(prefix=f"{name}/", variables=list(keys), ready=any(map(os.environ.get, keys)))
            for name, keys in KEY_OF_PROVIDER.items()
        ],
    )


def _model(name: str, pricing: Pricing) -> ModelOut:
    price, missing = pricing.price(ModelRef(name=name)), missing_key(name, os.environ)
    return ModelOut(
        name=name,
        ready=missing is None,
        missing=missing,
        price=None if price is None else PriceOut.model_validate(price, from_attributes=True),
        note=DEMONSTRATION if name == OFFLINE else None,
    )
