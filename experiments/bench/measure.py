"""Measures the peers on one case, one after the other, in a process of its own."""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from experiments.bench.peers.registry import peers
from experiments.bench.relay import Relay
from experiments.bench.results import Case, Ground, Measured, ResultFolder, entry_name
from experiments.bench.task import Task
from experiments.standin import StandIn
from experiments.worlds import MECHANISMS, best_reachable, make_world_file, read_labelled
from experiments.worlds.files import sizes, snapshot
from experiments.worlds.mechanisms import SimulatedJudge
from optimizers.lm.loop import BackgroundLoop
from optimizers.types import ModelRef, Part, Snapshot

log = logging.getLogger(__name__)

SIMULATED = "openai/simulated"
ROWS = 500
_OPENAI = "https://api.openai.com/v1"


@dataclass(frozen=True, kw_only=True)
class Job:
    """A case and what is to be measured on it: (peer, budget or `None`), all into `out`.

    `model` is a real one (`openai/...`) at `api_base`, or `None` for the case's simulated world.
    """

    case: Case
    entries: tuple[tuple[str, int | None], ...]
    data: Path
    out: Path
    model: str | None = None
    api_base: str | None = None
    threads: int = 4


@dataclass(frozen=True, kw_only=True)
class _Served:
    """A model at an address, and how many calls it has answered: all, and proposals."""

    model: ModelRef
    calls: Callable[[], int]
    proposals: Callable[[], int | None]


def measure(job: Job) -> None:
    """Measure what is not there yet. A peer that fails is a measurement too."""
    folder = ResultFolder(job.out)
    todo = [one for one in job.entries if not folder.has(job.case, entry_name(*one))]
    if not todo and folder.has_ground(job.case):
        return
    file = read_labelled(job.data / f"{job.case.file}.csv")
    if job.model:
        rows = snapshot(file, rows=ROWS, seed=job.case.seed)
        folder.add_ground(_ground(job, rows, None))
        _measure_all(job, rows, None, todo, folder)
        return
    world = MECHANISMS[job.case.mechanism](make_world_file(file, job.case.seed))
    if not folder.has_ground(job.case):
        with BackgroundLoop() as loop:
            folder.add_ground(_ground(job, world.file.snapshot, best_reachable(world, loop).kappa))
    _measure_all(job, world.file.snapshot, world, todo, folder)


def _ground(job: Job, rows: Snapshot, reachable: float | None) -> Ground:
    return Ground(
        case=job.case,
        simulated=job.model is None,
        model=job.model or SIMULATED,
        truth={row.id: row.label.value for row in rows.part(Part.TEST)},
        sizes=sizes(rows),
        reachable=reachable,
    )


def _measure_all(
    job: Job,
    rows: Snapshot,
    world: SimulatedJudge | None,
    todo: Sequence[tuple[str, int | None]],
    folder: ResultFolder,
) -> None:
    for peer, budget in todo:
        with _served(job, world) as served, tempfile.TemporaryDirectory(prefix="bench-") as space:
            task = Task(
                snapshot=rows,
                model=served.model,
                proposer=served.model,
                seed=job.case.seed,
                folder=Path(space),
                keys=_keys(simulated=world is not None),
                calls=budget or 0,
                threads=job.threads,
                simulated=world is not None,
            )
            folder.add(_measure_one(task, job.case, peer, budget, served))


def _measure_one(task: Task, case: Case, peer: str, budget: int | None, served: _Served) -> Measured:
    wall, cpu = time.monotonic(), time.process_time()
    test = [row.example for row in task.snapshot.part(Part.TEST)]
    begun = Measured(
        case=case,
        peer=peer,
        budget=budget,
        simulated=task.simulated,
        calls=0,
        proposals=None,
        wall_s=0,
        cpu_s=0,
    )
    try:
        found = peers()[peer].find(task)
        begun = replace(
            begun,
            calls=served.calls(),
            proposals=served.proposals(),
            wall_s=round(time.monotonic() - wall, 2),
            cpu_s=round(time.process_time() - cpu, 2),
        )
        said = found(test)
    except Exception as error:  # a peer that breaks is a result: it is in the report, with its reason
        log.exception("%s on %s", peer, case.name)
        return replace(begun, error=f"{type(error).__name__}: {error}"[:500])
    verdicts = {row.id: None if label is None else label.value for row, label in zip(test, said, strict=True)}
    return replace(begun, verdicts=verdicts)


def _keys(*, simulated: bool) -> Callable[[str], str | None]:
    """Keys of real providers come from the environment: this process is the peers' own."""
    return (lambda _: "none") if simulated else os.environ.get


@contextmanager
def _served(job: Job, world: SimulatedJudge | None) -> Iterator[_Served]:
    """The model at an address that counts, anew for each peer."""
    if world is None:
        assert job.model is not None
        with Relay(job.api_base or _OPENAI) as relay:
            model = ModelRef(name=job.model, api_base=relay.api_base)
            yield _Served(model=model, calls=lambda: relay.calls, proposals=lambda: None)
        return
    with StandIn(world, varied=True) as server:
        yield _Served(
            model=ModelRef(name=SIMULATED, api_base=server.api_base),
            calls=lambda: len(server.calls),
            proposals=lambda: sum(call.role == "proposer" for call in server.calls),
        )
