"""GET /strategies and /models: what a request can choose from."""

import os

from fastapi import APIRouter

from optimizers.lm.pricing import OFFLINE, Pricing
from optimizers.strategies.registry import describe
from optimizers.types import ModelRef
from service.catalog.choice import missing_key
from service.catalog.schemas import ModelOut, ModelsOut, PriceOut, ProviderOut, StrategyOut
from service.dependencies import SettingsDep
from service.doctor import KEY_OF_PROVIDER

router = APIRouter(tags=["catalog"])

DEMONSTRATION = "a demonstration, not a language model: it learns from the examples in its prompt alone"


@router.get("/strategies")
def list_strategies() -> list[StrategyOut]:
    """How candidates can be found."""
    return [StrategyOut(name=name, summary=summary) for name, summary in describe().items()]


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
    price = pricing.price(ModelRef(name=name))
    return ModelOut(
        name=name,
        missing=missing_key(name, os.environ),
        price=None if price is None else PriceOut.model_validate(price, from_attributes=True),
        note=DEMONSTRATION if name == OFFLINE else None,
    )
