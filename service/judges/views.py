"""What is told about named judges."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, col

from optimizers.report import Conclusion
from service.figures import ConfusionOut, IntervalOut
from service.judges import store, watch
from service.judges.measured import Measured
from service.judges.schemas import (
    Ground,
    JudgeOut,
    JudgeSummary,
    MeasuredOut,
    PromotionOut,
    SourceName,
    VersionOut,
)
from service.judges.tables import JudgeRow, PromotionRow, VersionRow
from service.paging import Page, PageRequest, page_of


def page(session: Session, request: PageRequest) -> Page[JudgeSummary]:
    """Judges in the order of their names."""
    statement = select(JudgeRow)
    after = request.after_like(str)
    if after is not None:
        statement = statement.where(col(JudgeRow.name) > after[0])
    rows = session.scalars(statement.order_by(col(JudgeRow.name)).limit(request.limit + 1)).all()
    kept = store.count_traffic(session, [row.id for row in rows])
    return page_of(rows, request, lambda row: (row.name,), lambda row: _summary(session, row, kept))


def one(session: Session, name: str) -> JudgeOut:
    """A judge with all its versions.

    Raises:
        NotFound: there is none.
    """
    judge = store.get(session, name)
    versions = store.versions(session, judge)
    champion = next((row for row in versions if row.number == judge.champion), None)
    reading, drift = watch.at_a_glance(session, champion)
    return JudgeOut(
        name=judge.name,
        champion=judge.champion,
        dataset_id=(champion or versions[0]).dataset_id,
        traffic=store.count_traffic(session, [judge.id]).get(judge.id, 0),
        reading=reading,
        drift=drift,
        versions=[shown(judge, row) for row in versions],
        promotions=[_promotion(row) for row in store.promotions(session, judge)],
        created_at=judge.created_at,
    )


def shown(judge: JudgeRow, version: VersionRow) -> VersionOut:
    """One version."""
    return VersionOut(
        version=version.number,
        is_champion=version.number == judge.champion,
        source=SourceName(version.source),
        run_id=version.source_id if version.source == SourceName.RUN else None,
        evaluation_id=version.source_id if version.source == SourceName.EVALUATION else None,
        dataset_id=version.dataset_id,
        model=version.model,
        artifact_digest=version.artifact_digest,
        conclusion=Conclusion(version.conclusion) if version.conclusion else None,
        measured=_measured(version.measured),
        note=version.note,
        created_at=version.created_at,
    )


def _summary(session: Session, judge: JudgeRow, kept: Mapping[str, int]) -> JudgeSummary:
    versions = store.versions(session, judge)
    champion = next((row for row in versions if row.number == judge.champion), None)
    reading, drift = watch.at_a_glance(session, champion)
    return JudgeSummary(
        name=judge.name,
        champion=judge.champion,
        versions=len(versions),
        dataset_id=(champion or versions[0]).dataset_id,
        measured=_measured(champion.measured) if champion is not None else None,
        traffic=kept.get(judge.id, 0),
        reading=reading,
        drift=drift,
        created_at=judge.created_at,
    )


def _measured(plain: Mapping[str, Any] | None) -> MeasuredOut | None:
    if plain is None:
        return None
    found = Measured.from_plain(plain)
    agreement = found.agreement
    return MeasuredOut(
        by=found.by,
        kappa=IntervalOut.model_validate(agreement.kappa),
        coverage=agreement.coverage,
        false_failure_rate=agreement.false_failure_rate,
        confusion=ConfusionOut.model_validate(agreement.confusion),
        unparseable=agreement.unparseable,
        n=agreement.n,
    )


def _promotion(row: PromotionRow) -> PromotionOut:
    return PromotionOut(
        version=row.version,
        replaced=row.replaced,
        ground=Ground(row.ground),
        because=row.because,
        by=row.by,
        at=row.created_at,
    )
