"""What is told about a run's trials: each by itself, and where the run stood when it was measured."""

from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlmodel import Session, col

from optimizers.types import Usage
from service.paging import Page, PageRequest, page_of
from service.runs.schemas import TrialOut
from service.runs.stored import usage_of
from service.runs.tables import TrialRow
from service.runs.views import require


@dataclass(frozen=True, kw_only=True)
class Standing:
    """A run at the end of one trial: what it took up to there, and its best. `parent` is the number of the
    trial whose candidate this one's was made from."""

    so_far: Usage
    leads: bool
    is_best: bool
    best_kappa: float | None
    parent: int | None


def page(session: Session, run_id: str, request: PageRequest) -> Page[TrialOut]:
    """A run's candidates, in the order in which they were measured.

    Raises:
        NotFound: there is no such run.
    """
    require(session, run_id)
    statement = select(TrialRow).where(col(TrialRow.run_id) == run_id).order_by(col(TrialRow.number))
    after = request.after_like(int)
    if after is not None:
        statement = statement.where(col(TrialRow.number) > after[0])
    rows = session.scalars(statement.limit(request.limit + 1)).all()
    standings = standings_of(session, run_id)
    return page_of(rows, request, lambda row: (row.number,), lambda row: _trial(row, standings[row.number]))


def standings_of(session: Session, run_id: str) -> dict[int, Standing]:
    """Of all trials by number: a page needs what came before it. The best is chosen as the run chooses it:
    complete, the highest kappa, of equal ones the first."""
    columns = (TrialRow.number, TrialRow.candidate_id, TrialRow.parent_id, TrialRow.complete, TrialRow.kappa)
    rows = session.execute(
        select(*map(col, columns), col(TrialRow.usage))
        .where(col(TrialRow.run_id) == run_id)
        .order_by(col(TrialRow.number))
    ).all()
    led: list[tuple[int, float]] = []
    so_far, numbers = Usage(), dict[str, int]()
    found: dict[int, Standing] = {}
    for number, candidate_id, parent_id, complete, kappa, usage in rows:
        so_far += usage_of(usage)
        leads = complete and kappa is not None and (not led or kappa > led[-1][1])
        if leads:
            led.append((number, kappa))
        found[number] = Standing(
            so_far=so_far,
            leads=leads,
            is_best=False,
            best_kappa=led[-1][1] if led else None,
            parent=numbers.get(parent_id),
        )
        numbers.setdefault(candidate_id, number)
    return found | {number: replace(found[number], is_best=True) for number, _ in led[-1:]}


def _trial(row: TrialRow, standing: Standing) -> TrialOut:
    candidate = row.candidate
    return TrialOut(
        number=row.number,
        candidate_id=row.candidate_id,
        parent_id=row.parent_id,
        parent=standing.parent,
        origin=row.origin,
        is_baseline=row.number == 0,
        complete=row.complete,
        rows=row.dev["n"],
        kappa=row.kappa,
        leads=standing.leads,
        is_best=standing.is_best,
        best_kappa=standing.best_kappa,
        instruction=candidate["instruction"],
        verbatim=candidate["verbatim"] is not None,
        demonstrations=len(candidate["demonstrations"]),
        reasoning=candidate["reasoning"],
        threshold=candidate["decision"]["threshold"],
        prompt=row.prompt,
        dev=row.dev,
        usage=row.usage,
        cost_usd=row.usage.get("cost_usd"),
        calls_so_far=standing.so_far.calls,
        cost_usd_so_far=standing.so_far.cost_usd,
    )
