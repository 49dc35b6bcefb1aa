"""One measurement as a file: what a peer found for one world, with all its verdicts."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from optimizers.kappa import Confusion, cohen_kappa, confusion
from optimizers.types import Label


@dataclass(frozen=True, kw_only=True)
class Case:
    """What is searched on: a file, a seed, and the mechanism of its simulated world.

    `mechanism` is empty where a real model judges the file as it is.
    """

    file: str
    seed: int
    mechanism: str = ""

    @property
    def name(self) -> str:
        """For files and tables."""
        return "-".join(str(part) for part in (self.file, self.mechanism or "model", self.seed))


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is known of a case beside the peers: the labels of its test rows, and the best kappa that is
    known to be reachable (`None` on a real model). `sizes` are those of train, dev and test."""

    case: Case
    simulated: bool
    model: str
    truth: Mapping[str, str]
    sizes: str
    reachable: float | None = None


@dataclass(frozen=True, kw_only=True)
class Measured:
    """What a peer found. `verdicts` are those on the test rows by id, `None`: none.

    `calls` are all requests of the search that a provider would charge for, `proposals` those of them
    that are no judgements (unknown on a real model); the test's are not in them. `wall_s` and `cpu_s`
    are of the search, in seconds, the stand-in's own work included. `error` is why there is no judge.
    """

    case: Case
    peer: str
    budget: int | None
    simulated: bool
    calls: int
    proposals: int | None
    wall_s: float
    cpu_s: float
    verdicts: Mapping[str, str | None] = field(default_factory=dict)
    error: str | None = None

    @property
    def entry(self) -> str:
        """The peer with its budget, as in `joint@400`."""
        return entry_name(self.peer, self.budget)

    def confusion(self, truth: Mapping[str, str]) -> Confusion:
        """Its verdicts against `truth`."""
        said = (self.verdicts.get(row_id) for row_id in truth)
        judged = [None if verdict is None else Label(verdict) for verdict in said]
        return confusion([Label(label) for label in truth.values()], judged)

    def kappa(self, truth: Mapping[str, str]) -> float:
        """On the test rows. A judge that nobody found, and one that cannot be told from chance, has 0."""
        return cohen_kappa(self.confusion(truth)) or 0.0


def entry_name(peer: str, budget: int | None) -> str:
    """`joint@400`, or the peer alone."""
    return peer if budget is None else f"{peer}@{budget}"


class ResultFolder:
    """The measurements in a folder, one file each, so that a run that was cut off goes on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cases, self._results = folder / "cases", folder / "results"
        for made in (self._cases, self._results):
            made.mkdir(parents=True, exist_ok=True)

    def has_ground(self, case: Case) -> bool:
        """Whether the case's own numbers are there."""
        return (self._cases / f"{case.name}.json").exists()

    def has(self, case: Case, entry: str) -> bool:
        """Whether the measurement is there."""
        return self._place(case, entry).exists()

    def add_ground(self, ground: Ground) -> None:
        """Write a case's own numbers."""
        _write(self._cases / f"{ground.case.name}.json", asdict(ground))

    def add(self, found: Measured) -> None:
        """Write a measurement."""
        _write(self._place(found.case, found.entry), asdict(found))

    def grounds(self) -> dict[Case, Ground]:
        """All cases."""
        found = (_read(path) for path in sorted(self._cases.glob("*.json")))
        return {case: Ground(case=case, **value) for case, value in found}

    def measured(self) -> list[Measured]:
        """All measurements."""
        found = (_read(path) for path in sorted(self._results.glob("*.json")))
        return [Measured(case=case, **value) for case, value in found]

    def _place(self, case: Case, entry: str) -> Path:
        return self._results / f"{case.name}--{entry}.json"


def _write(path: Path, value: Mapping[str, object]) -> None:
    """The whole file or none."""
    beside = path.with_name(f".{path.name}.new")
    beside.write_text(json.dumps(value, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    beside.replace(path)


def _read(path: Path) -> tuple[Case, dict[str, Any]]:
    """The case of a file, and what else it says."""
    value: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return Case(**value.pop("case")), value
