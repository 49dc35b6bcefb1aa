"""Where the counters of all processes are summed."""

from sqlalchemy import Column, Double
from sqlmodel import Field, SQLModel


class CounterRow(SQLModel, table=True):
    """One series: what all processes have counted, those that have ended included."""

    __tablename__ = "concord_counters"

    name: str = Field(primary_key=True, max_length=64)
    labels: str = Field(primary_key=True, max_length=400)
    """Names and values of its labels: a JSON object with sorted names."""
    value: float = Field(default=0.0, sa_column=Column(Double, nullable=False))
