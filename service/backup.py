"""Backup and restore of the embedded service: everything under one home, as one file.

The databases are copied through SQLite's backup API, which gives each as it was at one moment, while
the service works. The order matters: the service's own database first, then the ledger, then MLflow. What
a later part has beyond an earlier one does no harm: an answer more, a projection that is written again.
With PostgreSQL the database is not under the home; its own tools back it up.
"""

import hashlib
import io
import json
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from sqlalchemy import make_url

from optimizers.errors import InvalidInput
from service.composition import ledger_path
from service.jobs.liveness import is_surely_dead
from service.settings import Settings
from service.up import sole_tenant
from service.version import VERSION

FORMAT = 1
MANIFEST = "manifest.json"
DATABASES = ("concord.db", "ledger.db", "mlflow/mlflow.db")
FOLDERS = ("mlflow/artifacts",)
NOT_DATA = frozenset({"up.lock", "logs", "workers"})
"""What lies in a home and is nobody's data: locks and logs."""
PAGES_A_STEP = 2_000
"""8 MiB: writers get their turn between two steps."""
CHUNK = 1024 * 1024


def backup(settings: Settings, target: Path) -> dict[str, int]:
    """Write all data under `settings.home` to the file `target`; the size of each part in bytes.

    Raises:
        InvalidInput: the database is elsewhere, there is nothing to back up, or `target` exists.
    """
    _require_embedded(settings)
    if target.exists():
        raise InvalidInput(f"{target} exists; a backup overwrites nothing")
    if not (settings.home / DATABASES[0]).is_file():
        raise InvalidInput(
            f"CONCORD_HOME={settings.home} holds no {DATABASES[0]}: there is nothing to back up"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = target.with_name(f".{target.name}.part")
    try:
        with tarfile.open(beside, "w:gz", compresslevel=6) as archive:
            parts = dict(_add_all(archive, settings.home))
            _add_text(archive, MANIFEST, json.dumps(_manifest(parts), indent=2))
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return {name: part["bytes"] for name, part in parts.items()}


def restore(settings: Settings, source: Path, *, force: bool = False) -> dict[str, Any]:
    """Put the data of a backup into `settings.home`; the backup's manifest.

    All of it is unpacked and checked before anything is touched. With `force`, what is there is moved
    to a folder `replaced-<time>` in the home; it is never deleted.

    Raises:
        InvalidInput: the home is in use or not empty; the file is no whole backup, or of a newer format.
    """
    _require_embedded(settings)
    with sole_tenant(settings.home):
        _require_nobody_at_work(settings.home)
        there = [path for path in settings.home.iterdir() if path.name not in NOT_DATA]
        if there and not force:
            names = ", ".join(sorted(path.name for path in there)[:5])
            raise InvalidInput(f"CONCORD_HOME={settings.home} is not empty ({names}); --force moves it aside")
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.home) as folder:
            manifest = _unpack(source, Path(folder))
            _move_aside(settings.home, there)
            for name in {PurePosixPath(part).parts[0] for part in manifest["files"]}:
                shutil.move(Path(folder) / name, settings.home / name)
    return manifest


def _require_embedded(settings: Settings) -> None:
    if make_url(settings.database).get_backend_name() != "sqlite":
        raise InvalidInput(
            "CONCORD_DATABASE_URL is a PostgreSQL database, which holds jobs and ledger: use pg_dump and "
            "pg_restore; this command is for the embedded SQLite database"
        )
    if settings.database_url is not None:
        raise InvalidInput("CONCORD_DATABASE_URL names a database outside of CONCORD_HOME: copy it yourself")


# --- writing ----------------------------------------------------------------------------------------


def _add_all(archive: tarfile.TarFile, home: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    with tempfile.TemporaryDirectory(prefix="concord-backup-") as folder:
        copy = Path(folder) / "copy.db"
        for name in DATABASES:
            original = ledger_path(home) if name == "ledger.db" else home / name
            if original.is_file():
                _copy_database(original, copy)
                yield name, _add_file(archive, name, copy)
                copy.unlink()
    for folder_name in FOLDERS:
        for path in sorted((home / folder_name).rglob("*")):
            if path.is_file() and not path.is_symlink():
                name = path.relative_to(home).as_posix()
                yield name, _add_file(archive, name, path)


def _copy_database(original: Path, copy: Path) -> None:
    """A whole database, as one moment: if somebody writes meanwhile, SQLite begins the copy again, so
    all of it is copied in one go if the steps were in vain."""
    with (
        closing(sqlite3.connect(original, timeout=30)) as source,
        closing(sqlite3.connect(copy)) as destination,
    ):
        source.execute("BEGIN")  # with a write-ahead log, a reader's view stands still and blocks nobody
        source.execute("SELECT count(*) FROM sqlite_schema").fetchone()
        source.backup(destination, pages=PAGES_A_STEP)
        destination.execute("PRAGMA journal_mode = DELETE")  # one file, nothing beside it


def _add_file(archive: tarfile.TarFile, name: str, path: Path) -> dict[str, Any]:
    """What is read is what is hashed, even if the file grows meanwhile."""
    content = path.open("rb")
    with content:
        size = path.stat().st_size
        reader = _Hashing(content, size)
        header = tarfile.TarInfo(name)
        header.size = size
        archive.addfile(header, reader)
    return {"bytes": size, "sha256": reader.digest.hexdigest()}


class _Hashing:
    """Reads at most `size` bytes and hashes them."""

    def __init__(self, inner: Any, size: int) -> None:  # Any: a binary file
        self._inner = inner
        self._left = size
        self.digest = hashlib.sha256()

    def read(self, count: int = CHUNK) -> bytes:
        chunk: bytes = self._inner.read(min(count, self._left))
        self._left -= len(chunk)
        self.digest.update(chunk)
        return chunk


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    header = tarfile.TarInfo(name)
    header.size = len(text.encode())
    archive.addfile(header, io.BytesIO(text.encode()))


def _manifest(parts: Mapping[str, Any]) -> dict[str, Any]:
    at = datetime.now(UTC).isoformat(timespec="seconds")
    return {"format": FORMAT, "version": VERSION, "created_at": at, "files": dict(parts)}


# --- reading ----------------------------------------------------------------------------------------


def _require_nobody_at_work(home: Path) -> None:
    """Refuse while a worker that was started by itself lives in the home."""
    for sign in (home / "workers").glob("*.lock"):
        if not is_surely_dead(home / "workers", sign.stem):
            raise InvalidInput(f"a worker ({sign.stem}) works in CONCORD_HOME={home}; stop it first")


def _unpack(source: Path, folder: Path) -> dict[str, Any]:
    with _opened(source) as archive:
        archive.extractall(folder, filter="data")  # no links out, no absolute names, no devices
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        version, files = int(manifest["format"]), dict(manifest["files"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            f"{source} is not a whole backup of Concord: it has no readable manifest"
        ) from error
    if version > FORMAT:
        raise InvalidInput(
            f"{source} has format {version}, written by Concord {manifest.get('version')}; this version "
            f"({VERSION}) reads up to {FORMAT}"
        )
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} - {MANIFEST}
    if found != set(files):
        odd = ", ".join(sorted(found ^ set(files))[:3])
        raise InvalidInput(f"{source} is not whole: its files are not those of its manifest ({odd})")
    for name, part in files.items():
        if _digest(folder / name) != part["sha256"]:
            raise InvalidInput(f"{source} is damaged: the checksum of {name} is wrong")
    return manifest


@contextmanager
def _opened(source: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(source, "r:gz") as archive:
            yield archive
    except (OSError, EOFError, tarfile.TarError) as error:
        raise InvalidInput(f"{source} cannot be read as a backup: {error}") from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _move_aside(home: Path, there: list[Path]) -> None:
    if not there:
        return
    aside = home / f"replaced-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
    aside.mkdir()
    for path in there:
        shutil.move(path, aside / path.name)
