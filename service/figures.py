"""Shapes of measured numbers, wherever they are told."""

from pydantic import BaseModel, ConfigDict


class _Figure(BaseModel):
    model_config = ConfigDict(from_attributes=True)


class IntervalOut(_Figure):
    """A value with its 95 % interval. All null where it is undefined, and `undefined` says why."""

    value: float | None
    low: float | None
    high: float | None
    n: int
    undefined: str | None = None


class ConfusionOut(_Figure):
    """Rows by people's label and the judge's verdict: `tp` is a bad output that the judge failed.

    The two `unparseable` are rows without a verdict, by people's label.
    """

    tp: int
    fp: int
    fn: int
    tn: int
    unparseable_bad: int
    unparseable_good: int


class GainOut(_Figure):
    """A difference of two kappas on the same rows, with its 95 % interval and two-sided p-value."""

    value: float | None
    low: float | None
    high: float | None
    p_value: float | None
    undefined: str | None = None
