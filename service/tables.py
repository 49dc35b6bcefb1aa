"""All tables of the service. A resource that has some adds its module here, for migrations to see."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from service import idempotency as _idempotency
from service.criteria import tables as _criteria
from service.datasets import tables as _datasets
from service.evaluations import tables as _evaluations
from service.jobs import tables as _jobs
from service.judges import tables as _judges
from service.ledger import tables as _ledger
from service.metrics import tables as _metrics
from service.removals import tables as _removals
from service.runs import tables as _runs

PREFIX = "concord_"
MODULES = (
    _criteria,
    _datasets,
    _evaluations,
    _idempotency,
    _jobs,
    _judges,
    _ledger,
    _metrics,
    _removals,
    _runs,
)


def metadata() -> MetaData:
    """The tables as the code knows them."""
    return SQLModel.metadata
