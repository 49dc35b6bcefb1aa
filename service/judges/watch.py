"""Whether a judge in use still agrees with people, by labelled samples of its traffic."""

from collections.abc import Sequence
from functools import lru_cache

from sqlmodel import Session

from optimizers.errors import InvalidInput
from optimizers.monitor import Look, MonitorReading, TrafficSample, measured_bound, monitor
from service.errors import Conflict
from service.judges import samples
from service.judges.measured import Measured
from service.judges.schemas import Drift, LookOut, MonitorOut
from service.judges.tables import JudgeRow, VersionRow

# A reading follows from the samples and the bound alone, and a list of judges asks for many at once.
_reading = lru_cache(maxsize=512)(monitor)


def bound_of(version: VersionRow) -> float | None:
    """The kappa below which the version has fallen: the lower limit of what was measured when it was kept.
    `None` where nothing was, or where that limit is not above 0."""
    if version.measured is None:
        return None
    try:
        return measured_bound(Measured.from_plain(version.measured).agreement)
    except InvalidInput:
        return None


def require_bound(judge: JudgeRow, version: VersionRow, asked: float | None) -> float:
    """The bound that was asked for, or else the version's own.

    Raises:
        Conflict: there is neither.
    """
    bound = asked if asked is not None else bound_of(version)
    if bound is None:
        raise Conflict(
            f"version {version.number} of {judge.name!r} has no measured kappa with a lower limit above 0, "
            "so there is nothing to fall from: name a `bound`"
        )
    return bound


def look(session: Session, judge: JudgeRow, version: VersionRow, asked: float | None) -> MonitorOut:
    """The reading of the version's samples, in the order of their drawing.

    Raises:
        Conflict: there is no bound.
    """
    bound = require_bound(judge, version, asked)
    found = samples.labelled(session, version)
    reading = _reading(found, bound)
    return MonitorOut(
        judge=judge.name,
        version=version.number,
        status=reading.status.value,
        bound=bound,
        evidence=reading.evidence,
        alarm_at=reading.alarm_at,
        fallen_at=reading.fallen_at,
        n=reading.n,
        looks=[_shown(one) for one in reading.looks],
        samples=samples.states(session, version, found),
    )


def at_a_glance(session: Session, version: VersionRow | None) -> tuple[LookOut | None, Drift]:
    """The latest look, and what all of them say; of a judge without a champion nothing."""
    bound = bound_of(version) if version is not None else None
    if version is None or bound is None:
        return None, "not watched"
    reading = _reading(samples.labelled(session, version), bound)
    return (_shown(reading.looks[-1]) if reading.looks else None), reading.status.value


def reading_of(version: VersionRow, found: Sequence[TrafficSample]) -> MonitorReading | None:
    """The reading of samples that are at hand; `None` where there is nothing to fall from."""
    bound = bound_of(version)
    return _reading(tuple(found), bound) if bound is not None else None


def _shown(one: Look) -> LookOut:
    return LookOut.model_validate(one, from_attributes=True)
