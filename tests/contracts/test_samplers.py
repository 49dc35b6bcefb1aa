import pytest

from optimizers.sampling import SAMPLERS, NearThreshold, Sampler
from optimizers.testing import SamplerContract

ALL = [*(entry.sampler for entry in SAMPLERS.values()), NearThreshold(candidate="c0", threshold=0.4)]


@pytest.fixture(params=ALL, ids=lambda sampler: sampler.name)
def sampler(request: pytest.FixtureRequest) -> Sampler:
    found: Sampler = request.param
    return found


class TestSamplers(SamplerContract):
    """Every sampler."""
