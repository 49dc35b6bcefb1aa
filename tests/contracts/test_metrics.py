import pytest

from optimizers import kappa
from optimizers.criteria.measures import measures
from optimizers.testing import MetricContract
from optimizers.testing.metric import MetricUnderTest

METRICS = [
    MetricUnderTest(name="kappa", metric=kappa.cohen_kappa, low=-1, high=1, best=1),
    MetricUnderTest(
        name="answered kappa", metric=lambda c: kappa.cohen_kappa(c.answered), low=-1, high=1, best=1
    ),
    MetricUnderTest(name="accuracy", metric=kappa.accuracy, low=0, high=1, best=1),
    MetricUnderTest(name="coverage", metric=kappa.coverage, low=0, high=1, best=1),
    MetricUnderTest(name="precision", metric=kappa.precision, low=0, high=1, best=1),
    MetricUnderTest(name="false failure rate", metric=kappa.false_failure_rate, low=0, high=1, best=0),
    MetricUnderTest(name="specificity", metric=kappa.specificity, low=0, high=1, best=1),
    MetricUnderTest(name="alignment", metric=lambda c: measures(c).alignment, low=0, high=1, best=1),
    MetricUnderTest(name="f1", metric=kappa.f1, low=0, high=1, best=1),
    MetricUnderTest(name="matthews", metric=kappa.matthews, low=-1, high=1, best=1),
]


@pytest.fixture(params=METRICS, ids=lambda metric: metric.name)
def under_test(request: pytest.FixtureRequest) -> MetricUnderTest:
    metric = request.param
    assert isinstance(metric, MetricUnderTest)
    return metric


class TestMetrics(MetricContract):
    """Every metric of a set."""
