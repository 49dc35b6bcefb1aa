"""All tables of the service. A resource that has some adds its module here, for migrations to see."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from service import idempotency as _idempotency
from service.datasets import tables as _datasets

PREFIX = "concord_"
MODULES = (_datasets, _idempotency)


def metadata() -> MetaData:
    """The tables as the code knows them."""
    return SQLModel.metadata
