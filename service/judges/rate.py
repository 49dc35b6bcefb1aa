"""The pass rate of unlabelled traffic, corrected for what is known of the judge's errors."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import Session

from optimizers.kappa import Confusion, confusion
from optimizers.monitor import MonitorStatus, TrafficSample
from optimizers.prevalence import CorrectedRate, Traffic, corrected_rate
from service.errors import Conflict
from service.figures import ConfusionOut, IntervalOut
from service.judges import samples, traffic, watch
from service.judges.measured import Measured, MeasuredBy
from service.judges.schemas import LabelledBehind, RateOut
from service.judges.tables import JudgeRow, VersionRow

ESTIMATES = ("pass_rate", "fail_rate", "apparent", "sensitivity", "specificity")


@dataclass(frozen=True, kw_only=True)
class _Errors:
    """How the judge errs: its confusion on labelled rows, of which kinds, and what is to be said of it."""

    table: Confusion
    measured: int
    traffic: int
    measured_by: MeasuredBy | None
    warnings: tuple[str, ...]


def rate(session: Session, judge: JudgeRow, version: VersionRow, since: datetime | None) -> RateOut:
    """The corrected rate of the version's kept traffic that nobody has labelled.

    Raises:
        Conflict: there is no such traffic.
        NotEnoughLabels: no labelled rows of one class say how the judge errs.
        CorrectionRefused: the judge tells bad from good no better than chance.
    """
    counted = traffic.unlabelled(session, version, since)
    if counted.n == 0:
        raise Conflict(f"no unlabelled traffic of version {version.number} of {judge.name!r} is kept")
    errors = _errors(version, samples.labelled(session, version))
    return _told(judge, version, since, counted, errors, corrected_rate(errors.table, counted))


def _errors(version: VersionRow, found: Sequence[TrafficSample]) -> _Errors:
    """Both kinds of labelled rows together; once agreement has fallen, those of traffic alone."""
    measured = Measured.from_plain(version.measured) if version.measured else None
    reading = watch.reading_of(version, found)
    warnings = []
    if reading is not None and reading.status is MonitorStatus.FALLEN:
        measured = None
        warnings.append(
            f"agreement has fallen ({reading.fallen_at}): only labels of the traffic say how the judge errs"
        )
    elif measured is not None and measured.by is MeasuredBy.FILE:
        warnings.append("how the judge errs is what its file says; it was not measured here")
    of_traffic = confusion(
        [label for sample in found for label in sample.truth],
        [verdict for sample in found for verdict in sample.judged],
    )
    table = measured.agreement.confusion if measured else Confusion()
    return _Errors(
        table=_sum(table, of_traffic),
        measured=table.n,
        traffic=of_traffic.n,
        measured_by=measured.by if measured else None,
        warnings=tuple(warnings),
    )


def _sum(a: Confusion, b: Confusion) -> Confusion:
    return Confusion(
        tp=a.tp + b.tp,
        fp=a.fp + b.fp,
        fn=a.fn + b.fn,
        tn=a.tn + b.tn,
        unparseable_bad=a.unparseable_bad + b.unparseable_bad,
        unparseable_good=a.unparseable_good + b.unparseable_good,
    )


def _told(  # all that the answer is made of
    judge: JudgeRow,
    version: VersionRow,
    since: datetime | None,
    counted: Traffic,
    errors: _Errors,
    found: CorrectedRate,
) -> RateOut:
    return RateOut(
        judge=judge.name,
        version=version.number,
        since=since,
        n=counted.n,
        failed=counted.failed,
        passed=counted.passed,
        unanswered=counted.unanswered,
        **{name: IntervalOut.model_validate(getattr(found, name)) for name in ESTIMATES},
        unclipped=found.unclipped,
        clipped=found.clipped,
        labelled=LabelledBehind(
            confusion=ConfusionOut.model_validate(errors.table),
            measured=errors.measured,
            traffic=errors.traffic,
            measured_by=errors.measured_by,
        ),
        warnings=[*errors.warnings, *found.warnings],
    )
