"""Twelve runs under chaos come to what they come to undisturbed, and pay for no more than was in flight.

`CHAOS_SEED` is the chance by which things happen.
"""

import os
import random
from collections import Counter
from collections.abc import Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.db import transaction
from service.jobs import leases
from service.jobs.engine import Receiver, workflow_id
from service.jobs.housekeeping import UNDER_WAY
from service.jobs.states import WAYS, Status
from service.jobs.store import events_after
from service.jobs.tables import JobRow
from service.runs.tables import RunRow
from tests.acceptance.chaos import KILLS, LOST_AT_ONCE, WORKERS, Chaos, chaos, process_of
from tests.acceptance.chaos_runs import PROVIDERS, Cap, CappedRun, Outcome, outcome, planned, start
from tests.acceptance.conftest import Site, site
from tests.own_postgres import OwnPostgres, own_postgres

SEED = os.environ.get("CHAOS_SEED", "1")
LATENCY_MS = 40.0
MOST_LOST = (KILLS + 2) * LOST_AT_ONCE
"""What one run can pay for in vain: each kill, the freeze and the restart finds all its calls under way."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """The same runs with a ledger and providers of their own."""
    with site(tmp_path_factory.mktemp("undisturbed"), providers=PROVIDERS) as calm:
        for _ in range(2):
            calm.start_worker()
        ids = [run.start(calm) for run in planned()]
        found = outcome(calm, [calm.until(run_id) for run_id in ids])
    assert {run["status"] for run in found.runs} == {"succeeded"}
    return found


@pytest.mark.timeout(900)
def test_chaos_changes_nothing(tmp_path: Path, undisturbed: Outcome) -> None:
    with site(tmp_path, providers=PROVIDERS) as place:
        _go_through(place, undisturbed, server=None)


@pytest.mark.timeout(900)
def test_nor_does_it_on_postgresql_whose_server_is_restarted(tmp_path: Path, undisturbed: Outcome) -> None:
    with own_postgres() as server, site(tmp_path, server.url, providers=PROVIDERS) as place:
        _go_through(place, undisturbed, server)


def _go_through(place: Site, undisturbed: Outcome, server: OwnPostgres | None) -> None:
    for provider in place.providers:
        provider.faults.latency_ms = LATENCY_MS
    ids, capped = start(place, undisturbed, MOST_LOST)

    def caps_hold() -> None:
        for run in capped:
            run.look()

    def all_have_succeeded() -> bool:
        return all(place.get(f"/runs/{run_id}")["status"] == "succeeded" for run_id in ids)

    with chaos(place, random.Random(SEED), server, caps_hold) as storm:
        storm.wreak(undisturbed.calls)
        storm.until(all_have_succeeded)
        assert (storm.kills, len(storm.alive)) == (KILLS, WORKERS)
        _each_cap_has_held(capped)
        found = outcome(place, [place.get(f"/runs/{run_id}") for run_id in ids])
        _is_the_same(found, undisturbed)
        _only_what_was_in_flight_was_asked_again(found, undisturbed, storm)
        _who_woke_was_refused(storm)
        for run_id in ids:
            _was_handed_on_in_order(storm.engine, run_id)
        storm.until(partial(_nothing_is_left, storm, place.settings.database, ids))


def _each_cap_has_held(capped: Sequence[CappedRun]) -> None:
    stops = [run.cap is Cap.STOPS for run in planned() if run.cap is not Cap.NONE]
    assert [len(run.stopped_at) for run in capped] == [int(stop) for stop in stops]
    for run in capped:
        assert run.provider.received <= run.charged <= run.cap


def _is_the_same(found: Outcome, undisturbed: Outcome) -> None:
    for run, calm, plan in zip(found.runs, undisturbed.runs, planned(), strict=True):
        assert run["artifact_digest"] == calm["artifact_digest"], plan
        assert run["trials"] == calm["trials"]
        assert run["spend"]["calls"] == calm["spend"]["calls"] <= plan.max_calls


def _only_what_was_in_flight_was_asked_again(found: Outcome, undisturbed: Outcome, storm: Chaos) -> None:
    """At each provider, by all that arrived there."""
    in_flight = Counter[int]()
    for run, plan in zip(found.runs, planned(), strict=True):
        in_flight[plan.provider] += storm.lost[run["id"]] * LOST_AT_ONCE
    for provider, (asked, calm) in enumerate(zip(found.asked, undisturbed.asked, strict=True)):
        assert asked.keys() == calm.keys()
        assert not calm - asked
        assert (asked - calm).total() <= in_flight[provider], provider


def _who_woke_was_refused(storm: Chaos) -> None:
    """On each job that it had before it slept."""
    storm.until(lambda: None not in storm.first_words().values())
    assert set(storm.first_words().values()) == {"ending_dropped"}


def _was_handed_on_in_order(engine: Engine, run_id: str) -> None:
    """Nobody wrote to the run who did not hold it: each change of hands was allowed, is told, and raised
    the fence by one; no trial was stored twice."""
    with transaction(engine, read_only=True) as session:
        job = session.get_one(JobRow, run_id)
        events = events_after(session, run_id, 0, 1_000)
        trials = session.get_one(RunRow, run_id).trials
    states = [Status(event.data["status"]) for event in events if event.kind == "status"]
    assert (states[0], states[-1], job.status) == (Status.QUEUED, Status.SUCCEEDED, Status.SUCCEEDED)
    assert all(after in WAYS[before] for before, after in pairwise(states)), states
    assert job.fence == len(states) - 1
    numbers = [event.data["number"] for event in events if event.kind == "trial"]
    assert numbers == list(range(trials))


def _nothing_is_left(storm: Chaos, url: str, ids: Sequence[str]) -> bool:
    """No order for a worker, and nobody in the book of the living but who lives."""
    with transaction(storm.engine, read_only=True) as session:
        sent = [
            workflow_id(run_id, n + 1)
            for run_id in ids
            for n in range(session.get_one(JobRow, run_id).dispatch)
        ]
        known = {process_of(lease.worker_id) for lease in leases.every(session)}
    orders = Receiver(url, "nobody", (), concurrency=1).states(sent).values()
    assert len(orders) == len(sent)
    alive = {worker.pid for worker in storm.alive}
    return known == alive and not any(order.status in UNDER_WAY for order in orders)
