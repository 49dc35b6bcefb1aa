"""What can be done with runs: each action is one function within the request's transaction."""

from dataclasses import replace
from secrets import token_hex

from sqlmodel import Session

from experiments.preflight import label_warnings, require_budget
from experiments.spec import RunSpec
from optimizers.errors import InvalidInput
from optimizers.strategies.registry import STRATEGIES, create, names
from optimizers.template import verbatim_template
from optimizers.types import Budget
from service.catalog.choice import choose_model, choose_proposer
from service.composition import is_simulated
from service.criteria.assertions import live_assertions
from service.datasets.snapshots import snapshot
from service.errors import Conflict
from service.jobs import dispatch, store
from service.jobs.engine import Sender
from service.jobs.states import Status
from service.jobs.tables import JobRow
from service.runs import earlier
from service.runs.schemas import NewRun, Resume
from service.runs.stored import spec_json, spec_of
from service.runs.tables import RunRow, TrackingRow
from service.settings import Settings

KIND = "run"


def specify(asked: NewRun, run_id: str, settings: Settings) -> RunSpec:
    """The request as a specification.

    Raises:
        InvalidInput, ModelNotFound: a value is not allowed; the message names it.
    """
    if asked.strategy not in names():
        raise InvalidInput(f"strategy must be one of {', '.join(names())}, got {asked.strategy!r}")
    if asked.options:
        create(asked.strategy, asked.options)  # checks them; imports the strategy, so only where needed
    model = choose_model(asked.model, asked.api_base, settings)
    spec = RunSpec(
        run_id=run_id,
        strategy=asked.strategy,
        model=model,
        proposer_model=choose_proposer(asked.proposer_model, asked.proposer_api_base, model, settings),
        instruction=asked.instruction,
        prompt=asked.baseline.value() if asked.baseline else None,
        seed=asked.seed,
        budget=asked.budget.value(),
        spend_cap=asked.spend_cap.value() if asked.spend_cap else None,
        force=asked.force,
        options=asked.options,
        max_age_s=asked.max_age_s,
        simulated=is_simulated(model.name),
    )
    if spec.prompt is not None:
        verbatim_template(spec.prompt)
    _require_prices(spec, settings)
    return spec


def start(session: Session, sender: Sender, asked: NewRun, settings: Settings) -> str:
    """Store a run with the dataset's present snapshot and send it to the workers; its id.

    Raises:
        NotFound: there is no such dataset.
        InvalidInput: as `specify`, or the dataset or the budget does not suffice.
    """
    run_id = f"run_{token_hex(12)}"
    spec = specify(asked, run_id, settings)
    taken = snapshot(session, asked.dataset_id)
    label_warnings(spec, taken)
    require_budget(spec, taken)
    strategy = STRATEGIES[spec.strategy]
    # Settled here once: a resumed or retried run is the same run, whatever has changed since.
    if asked.from_earlier_runs and strategy.transfers:
        spec = replace(spec, earlier=earlier.winners(session, asked.dataset_id))
    if strategy.uses_assertions:
        spec = replace(spec, assertions=live_assertions(session, asked.dataset_id))
    dispatch.submit(
        session,
        sender,
        job_id=run_id,
        kind=KIND,
        dataset_id=asked.dataset_id,
        priority=asked.priority,
        exclusive_key=f"{asked.dataset_id}/{spec.strategy}" if asked.exclusive else None,
    )
    session.add(
        RunRow(
            id=run_id,
            dataset_id=asked.dataset_id,
            snapshot_digest=taken.digest,
            strategy=spec.strategy,
            model=spec.model.name,
            spec=spec_json(spec),
        )
    )
    session.flush()
    session.add(TrackingRow(run_id=run_id))
    session.flush()
    return run_id


def cancel(session: Session, run_id: str) -> None:
    """End a run; see `dispatch.cancel`."""
    dispatch.cancel(session, store.get(session, KIND, run_id, lock=True))


def pause(session: Session, run_id: str) -> None:
    """Let a run wait; see `dispatch.pause`."""
    dispatch.pause(session, store.get(session, KIND, run_id, lock=True))


def resume(session: Session, sender: Sender, run_id: str, change: Resume, settings: Settings) -> None:
    """Go on with a paused run, or with one that failed or was cancelled.

    Raises:
        Conflict: it has succeeded, or it is under way and its cap cannot change.
        PriceUnknown: the new cap is in dollars and the model's price is not known.
    """
    job = store.get(session, KIND, run_id, lock=True)
    if change.spend_cap is not None and job.status == Status.RUNNING:
        raise Conflict(f"{run_id} is running; pause it to change its spend cap")
    dispatch.resume(session, sender, job)
    if change.spend_cap is not None:
        _raise_cap(session, job, change.spend_cap.value(), settings)


def retry(session: Session, sender: Sender, run_id: str) -> None:
    """Begin a failed or cancelled run anew; see `dispatch.retry`."""
    dispatch.retry(session, sender, store.get(session, KIND, run_id, lock=True))


def _raise_cap(session: Session, job: JobRow, cap: Budget, settings: Settings) -> None:
    run = session.get_one(RunRow, job.id)
    spec = replace(spec_of(run.spec), spend_cap=cap)
    _require_prices(spec, settings)
    run.spec = spec_json(spec)
    session.add(run)


def _require_prices(spec: RunSpec, settings: Settings) -> None:
    settings.pricing.require({spec.model, spec.proposer}, spec.budget, spec.spend_cap)
