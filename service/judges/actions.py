"""What can be done with named judges: each action is one function within the request's transaction."""

from secrets import token_hex

from sqlalchemy import func, select
from sqlmodel import Session, col

from optimizers.report import Conclusion
from service.errors import Conflict
from service.judges import store
from service.judges.schemas import Ground, JudgeRemoved, NewVersion, Promotion, SourceName
from service.judges.sources import Origin, find
from service.judges.tables import JudgeRow, PromotionRow, VersionRow
from service.removals import orders
from service.runs import comparison
from service.settings import Settings


def keep(session: Session, asked: NewVersion, settings: Settings) -> VersionRow:
    """Keep a judge under its name, as a new version; the file that is a version already stays that one.

    Raises:
        NotFound, Conflict, ArtifactInvalid, InvalidInput: as `sources.find`.
    """
    origin = find(session, asked.source, settings)
    judge = store.find(session, asked.name, lock=True)
    if judge is None:
        judge = JudgeRow(id=f"judge_{token_hex(12)}", name=asked.name)
        session.add(judge)
        session.flush()
    artifact = origin.artifact.to_json()
    kept = store.versions(session, judge)
    same = next((row for row in kept if row.artifact == artifact), None)
    if same is not None:
        return same
    version = _version(judge, kept[0].number + 1 if kept else 1, origin, artifact, asked.note)
    session.add(version)
    session.flush()
    return version


def _version(judge: JudgeRow, number: int, origin: Origin, artifact: str, note: str | None) -> VersionRow:
    return VersionRow(
        judge_id=judge.id,
        number=number,
        source=origin.source,
        source_id=origin.source_id,
        dataset_id=origin.dataset_id,
        model=origin.artifact.model.name,
        artifact=artifact,
        artifact_digest=origin.artifact.digest,
        conclusion=origin.conclusion,
        measured=origin.measured.to_plain() if origin.measured else None,
        note=note,
    )


# --- the champion -----------------------------------------------------------------------------------


def promote(session: Session, name: str, asked: Promotion) -> None:
    """Put a version in use. The champion again changes nothing.

    Raises:
        NotFound: there is no such judge or version.
        Conflict: neither a run's report nor a person speaks for the version.
    """
    judge = store.get(session, name, lock=True)
    version = store.version(session, judge, asked.version)
    if judge.champion == version.number:
        return
    ground = _ground(session, judge, version, asked)
    session.add(
        PromotionRow(
            judge_id=judge.id,
            version=version.number,
            replaced=judge.champion,
            ground=ground,
            because=asked.because,
            by=asked.by,
        )
    )
    judge.champion = version.number
    session.add(judge)
    session.flush()


def _ground(session: Session, judge: JudgeRow, version: VersionRow, asked: Promotion) -> Ground:
    doubt = _doubt(session, judge, version)
    if doubt is None:
        return Ground.IMPROVED
    if asked.because is None or asked.by is None:
        raise Conflict(f"{doubt}; to promote it all the same, say `because` (why) and `by` (who says so)")
    return Ground.WORD


def _doubt(session: Session, judge: JudgeRow, version: VersionRow) -> str | None:
    """Why the evidence alone does not speak for the version; `None` where it does."""
    said = f"version {version.number} of {judge.name!r}"
    if version.conclusion is None:
        return f"no run of this service says of {said} that it is `improved`"
    if version.conclusion != Conclusion.IMPROVED:
        return f"the report of {said} says `{version.conclusion}`, not `improved`"
    champion = store.version(session, judge, judge.champion) if judge.champion is not None else None
    loss = _loss(session, champion, version) if champion is not None else None
    return f"{said} is `improved` over its baseline, but {loss}" if loss else None


def _loss(session: Session, champion: VersionRow, version: VersionRow) -> str | None:
    """By how much the version is shown to be worse than the champion, on the test rows of both runs."""
    ids = [
        row.source_id
        for row in (champion, version)
        if row.source == SourceName.RUN and row.source_id is not None
    ]
    if len(ids) < 2:
        return None
    found = comparison.side_by_side(session, ids[0], ids[1])
    lost, rows = found.difference, found.rows
    if lost is None or rows is None or lost.value is None or lost.high is None or lost.high >= 0:
        return None
    return (
        f"its kappa is lower than that of the champion, version {champion.number}, by {-lost.value:.2f} "
        f"({-lost.high:.2f} to {-(lost.low or 0):.2f}) on the {rows.shared} test rows of both"
    )


# --- the end ----------------------------------------------------------------------------------------


def delete(session: Session, name: str) -> JudgeRemoved:
    """Remove a judge with its versions, promotions, traffic and samples; have a worker remove the answers
    that it alone used from the ledger. What was drawn into a dataset stays there.

    Raises:
        NotFound: there is no such judge.
    """
    judge = store.get(session, name, lock=True)
    versions = select(func.count()).select_from(VersionRow).where(col(VersionRow.judge_id) == judge.id)
    removed = JudgeRemoved(
        name=name,
        versions=session.scalar(versions) or 0,
        traffic=store.count_traffic(session, [judge.id]).get(judge.id, 0),
    )
    orders.order(session, orders.LEDGER, judge.id)
    session.delete(judge)
    session.flush()
    return removed
