from functools import partial

import pytest

from optimizers.protocols import Strategy
from optimizers.strategies import registry
from optimizers.testing import StrategyContract
from optimizers.testing.strategy import MakeStrategy


@pytest.fixture(params=registry.names())
def make_strategy(request: pytest.FixtureRequest) -> MakeStrategy:
    return partial(_create, request.param)


def _create(name: str, **options: object) -> Strategy:
    return registry.create(name, options)


class TestStrategies(StrategyContract):
    """Every strategy in the registry."""
