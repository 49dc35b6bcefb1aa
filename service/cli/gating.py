"""The work behind `concord gate`: a judge's agreement, by the server or by this process, and a bound."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer

from optimizers.artifact import Artifact, from_json
from optimizers.errors import ConcordError, InvalidInput, RunCancelled, RunStopped
from optimizers.monitor import measured_bound
from optimizers.report import Report
from optimizers.splits import Fractions
from service.cli.connection import connect
from service.cli.failures import EXIT_PAUSED, EXIT_WRONG_CALL, explain
from service.cli.files import RowFile, read_file, snapshot_of
from service.cli.judges import JUDGING_TIMEOUT_S, interval
from service.cli.judging import judge_file
from service.client_errors import ClientError, Refused
from service.composition import model_ref
from service.datasets.ingest.inspection import OnError
from service.errors import ServiceError
from service.figures import IntervalOut
from service.judges.measured import agree
from service.judges.unseen import Built, HeldOut, built_from, require_enough

EXIT_NOT_MEASURED = EXIT_PAUSED


@dataclass(frozen=True, kw_only=True)
class Reading:
    """What was measured: kappa with its interval, on `n` rows that `judge` was not built from. `own_bound`
    is the lower limit of what was measured when the judge was made."""

    judge: str
    version: int | None
    rows: str
    n: int
    kappa: Mapping[str, Any]
    built_from: int
    own_bound: float | None
    warnings: Sequence[str]

    @property
    def name(self) -> str:
        """The judge as a sentence has it."""
        return self.judge if self.version is None else f"version {self.version} of {self.judge}"


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """The least kappa, and the least lower limit of its interval; `None`: any will do."""

    kappa: float | None = None
    low: float | None = None

    def or_of(self, reading: Reading) -> "Bounds":
        """These, or where there is none the judge's own.

        Raises:
            InvalidInput: there is no bound at all.
        """
        if self.kappa is not None or self.low is not None:
            return self
        if reading.own_bound is None:
            raise InvalidInput(
                f"--min-kappa or --min-low is missing: no kappa was measured when {reading.name} was made"
            )
        return Bounds(kappa=reading.own_bound)

    def below(self, reading: Reading) -> tuple[bool, str]:
        """Whether the reading is below a bound, and a sentence that says so. What is undefined is below."""
        found = reading.kappa
        if found["value"] is None:
            reason = found.get("undefined") or "no interval"
            return (
                True,
                f"Kappa of {reading.name} on {reading.n} rows of {reading.rows} is undefined: {reason}.",
            )
        said = f"Kappa of {reading.name} on {reading.n} rows of {reading.rows} is {interval(found, 3)}"
        if self.kappa is not None and found["value"] < self.kappa:
            return True, f"{said}: below the least kappa, {self.kappa:.3f}."
        if self.low is not None and (found["low"] is None or found["low"] < self.low):
            return True, f"{said}: its lower limit is below the least one, {self.low:.3f}."
        bounds = [("kappa", self.kappa), ("lower limit", self.low)]
        wanted = " and ".join(f"{name} {value:.3f}" for name, value in bounds if value is not None)
        return False, f"{said}: not below {wanted}."

    def told(self, reading: Reading) -> dict[str, Any]:
        """All of it as plain values."""
        below, sentence = self.below(reading)
        return {
            "passed": not below,
            "sentence": sentence,
            "judge": reading.judge,
            "version": reading.version,
            "rows": reading.rows,
            "n": reading.n,
            "kappa": dict(reading.kappa),
            "bounds": {"kappa": self.kappa, "low": self.low},
            "built_from": reading.built_from,
            "warnings": list(reading.warnings),
        }


@contextmanager
def exit_codes() -> Iterator[None]:
    """Keeps exit code 1 for a judge below its bound: another failure is a wrong call or no measurement."""
    try:
        yield
    except RunCancelled:
        raise
    except (ConcordError, ServiceError, ClientError, RunStopped) as error:
        told = explain(error)
        print(told[0] if told is not None else f"error: {error}", file=sys.stderr)
        raise typer.Exit(EXIT_WRONG_CALL if _is_wrong_call(error) else EXIT_NOT_MEASURED) from None


def _is_wrong_call(error: BaseException) -> bool:
    if isinstance(error, Refused):
        return 400 <= error.status < 500
    return isinstance(error, InvalidInput | ValueError)


# --- on the server ----------------------------------------------------------------------------------


def measured_there(url: str, key: str | None, name: str, dataset_id: str, version: int | None) -> Reading:
    """By the server, on one of its datasets.

    Raises: ClientError.
    """
    with connect(url, key, timeout_s=JUDGING_TIMEOUT_S) as client:
        found = client.judges.agreement(name, dataset_id, version=version)
    return Reading(
        judge=name,
        version=found["version"],
        rows=dataset_id,
        n=found["n"],
        kappa=found["kappa"],
        built_from=found["built_from"],
        own_bound=found["bound"],
        warnings=found["warnings"],
    )


# --- in this process --------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class FileGate:
    """A judge file and labelled rows, and how to read and ask."""

    artifact: Path
    labels: Path
    model: str | None
    api_base: str | None
    ledger: Path | None
    label_mapping: Mapping[str, str]
    columns: Mapping[str, str]
    on_error: OnError
    max_in_flight: int


def measured_here(asked: FileGate) -> Reading:
    """By this process, on a file of labels.

    Raises: as `judge_with` and `read_file` do; NotEnoughLabels with fewer than 20 rows, or of one class.
    """
    artifact = _read(asked.artifact)
    file = read_file(
        asked.labels,
        label_mapping=asked.label_mapping,
        columns=asked.columns,
        on_error=asked.on_error,
    )
    built = _built(artifact, file)
    held = _held_out(file, built)
    ids = frozenset(held.ids)
    rows = [row for row in file.labelled if row.id in ids]
    require_enough([row.label for row in rows], held)
    own = artifact.model
    model = model_ref(asked.model or own.name, asked.api_base or (None if asked.model else own.api_base))
    found = judge_file(
        artifact,
        [row.example for row in rows],
        model,
        ledger=asked.ledger or asked.artifact.with_suffix(".ledger"),
        max_in_flight=asked.max_in_flight,
    )
    said = found.judged([row.id for row in rows])
    agreement = agree([row.label for row in rows], said, [row.example.group_key for row in rows])
    return Reading(
        judge=asked.artifact.name,
        version=None,
        rows=asked.labels.name,
        n=agreement.n,
        kappa=IntervalOut.model_validate(agreement.kappa).model_dump(),
        built_from=held.built,
        own_bound=_own_bound(artifact),
        warnings=() if built.known else (_UNKNOWN,),
    )


_UNKNOWN = (
    "the file is not the one that the judge was built from, or has changed since: only the examples in the "
    "judge's prompt were left out, and its agreement may flatter it"
)


def _read(path: Path) -> Artifact:
    try:
        return from_json(path.read_bytes())
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}") from error


def _built(artifact: Artifact, file: RowFile) -> Built:
    """What the judge was built from: known where the file is the one that it was found on."""
    if not artifact.criterion or "snapshot" not in artifact.provenance:
        return built_from(artifact, None)
    snapshot = snapshot_of(file, name="labels", criterion=artifact.criterion, fractions=Fractions())
    same = snapshot.digest == artifact.provenance["snapshot"]
    return built_from(artifact, snapshot if same else None)


def _held_out(file: RowFile, built: Built) -> HeldOut:
    held = HeldOut()
    for row in file.labelled:
        example = row.example
        inside = built.holds(built.dataset_id, example.group_key, example.input)
        held.add(row.id, built=inside, picked_by=row.picked_by)
    return held


def _own_bound(artifact: Artifact) -> float | None:
    try:
        best = Report.from_dict(artifact.report).test.best
        return measured_bound(best) if best is not None else None
    except (InvalidInput, TypeError, ValueError):
        return None
