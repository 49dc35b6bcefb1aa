"""Statements on named judges and their versions."""

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlmodel import Session, col

from service.errors import Conflict, NotFound
from service.judges.tables import JudgeRow, PromotionRow, TrafficRow, VersionRow

KIND = "judge"


def find(session: Session, name: str, *, lock: bool = False) -> JudgeRow | None:
    """The judge of this name, if there is one; with `lock`, nobody else changes it until the end."""
    statement = select(JudgeRow).where(col(JudgeRow.name) == name)
    return session.scalars(statement.with_for_update() if lock else statement).one_or_none()


def get(session: Session, name: str, *, lock: bool = False) -> JudgeRow:
    """The judge of this name.

    Raises:
        NotFound: there is none.
    """
    judge = find(session, name, lock=lock)
    if judge is None:
        raise NotFound(KIND, name)
    return judge


def version(session: Session, judge: JudgeRow, number: int) -> VersionRow:
    """One version.

    Raises:
        NotFound: there is none of this number.
    """
    found = session.get(VersionRow, (judge.id, number))
    if found is None:
        raise NotFound(f"version of the judge {judge.name!r}", str(number))
    return found


def in_use(session: Session, judge: JudgeRow, number: int | None) -> VersionRow:
    """The version that was named, or else the champion.

    Raises:
        NotFound: there is none of this number.
        Conflict: none was named, and there is no champion.
    """
    number = number if number is not None else judge.champion
    if number is None:
        raise Conflict(f"the judge {judge.name!r} has no champion: promote a version, or name one")
    return version(session, judge, number)


def versions(session: Session, judge: JudgeRow) -> Sequence[VersionRow]:
    """All versions, the newest first."""
    statement = select(VersionRow).where(col(VersionRow.judge_id) == judge.id)
    return session.scalars(statement.order_by(col(VersionRow.number).desc())).all()


def promotions(session: Session, judge: JudgeRow) -> Sequence[PromotionRow]:
    """All promotions, the latest first."""
    statement = select(PromotionRow).where(col(PromotionRow.judge_id) == judge.id)
    return session.scalars(statement.order_by(col(PromotionRow.number).desc())).all()


def count_traffic(session: Session, judge_ids: Sequence[str]) -> dict[str, int]:
    """Kept rows by judge; a judge without any is not named."""
    statement = (
        select(col(TrafficRow.judge_id), func.count())
        .where(col(TrafficRow.judge_id).in_(judge_ids))
        .group_by(col(TrafficRow.judge_id))
    )
    return dict(session.execute(statement).all())


def judges_of(session: Session, dataset_id: str) -> Sequence[str]:
    """The names of the judges that have a version of this dataset."""
    statement = (
        select(col(JudgeRow.name))
        .join(VersionRow, col(VersionRow.judge_id) == col(JudgeRow.id))
        .where(col(VersionRow.dataset_id) == dataset_id)
        .distinct()
    )
    return sorted(session.scalars(statement))
