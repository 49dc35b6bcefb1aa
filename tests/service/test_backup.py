"""A backup is taken while the service works; restoring it gives the same service, or changes nothing."""

import sqlite3
import subprocess
import tarfile
import threading
from contextlib import closing
from pathlib import Path

import pytest

from optimizers.errors import InvalidInput
from service.backup import backup, restore
from service.jobs.liveness import LifeSign
from service.settings import Settings
from service.up import own_command, sole_tenant

FILES = {"concord.db", "ledger.db", "mlflow/mlflow.db", "mlflow/artifacts/1/prompt.txt"}


def _fill(path: Path, rows: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE pairs (a INTEGER, b INTEGER)")
        connection.executemany("INSERT INTO pairs VALUES (?, ?)", [(n, n) for n in range(rows)])


def _rows(path: Path) -> int:
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        found: int = connection.execute("SELECT count(*) FROM pairs WHERE a = b").fetchone()[0]
        assert found == connection.execute("SELECT count(*) FROM pairs").fetchone()[0]
    return found


@pytest.fixture
def full(tmp_path: Path) -> Settings:
    home = tmp_path / "full"
    for name in ("concord.db", "ledger.db", "mlflow/mlflow.db"):
        _fill(home / name, 500)
    artifact = home / "mlflow" / "artifacts" / "1" / "prompt.txt"
    artifact.parent.mkdir(parents=True)
    artifact.write_text("judge")
    return Settings(home=home)


@pytest.fixture
def empty(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "empty")


def test_what_was_backed_up_is_restored(full: Settings, empty: Settings, tmp_path: Path) -> None:
    assert set(backup(full, tmp_path / "b.tar.gz")) == FILES
    restore(empty, tmp_path / "b.tar.gz")
    assert {_rows(empty.home / name) for name in FILES if name.endswith(".db")} == {500}
    assert (empty.home / "mlflow/artifacts/1/prompt.txt").read_text() == "judge"


def test_a_backup_under_load_is_one_moment(full: Settings, empty: Settings, tmp_path: Path) -> None:
    stop = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(full.home / "concord.db", timeout=30)) as connection:
            while not stop.is_set():
                with connection:  # a and b of one transaction: a torn copy would have one without the other
                    connection.execute("UPDATE pairs SET a = a + 1")
                    connection.execute("UPDATE pairs SET b = b + 1")
                    connection.execute("INSERT INTO pairs SELECT 0, 0")

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with sole_tenant(full.home):  # as `concord up` holds it
            backup(full, tmp_path / "b.tar.gz")
    finally:
        stop.set()
        writer.join()
    restore(empty, tmp_path / "b.tar.gz")
    assert _rows(empty.home / "concord.db") >= 500


def test_a_home_with_data_is_left_alone_unless_forced(full: Settings, tmp_path: Path) -> None:
    backup(full, tmp_path / "b.tar.gz")
    _fill(full.home / "later.db", 1)
    with pytest.raises(InvalidInput, match="not empty"):
        restore(full, tmp_path / "b.tar.gz")
    assert (full.home / "later.db").exists()
    restore(full, tmp_path / "b.tar.gz", force=True)
    assert not (full.home / "later.db").exists()
    assert len(list(full.home.glob("replaced-*/later.db"))) == 1
    assert _rows(full.home / "concord.db") == 500


def test_nothing_is_restored_under_a_running_service(full: Settings, empty: Settings, tmp_path: Path) -> None:
    backup(full, tmp_path / "b.tar.gz")
    with sole_tenant(empty.home), pytest.raises(InvalidInput, match="already runs"):
        restore(empty, tmp_path / "b.tar.gz")
    sign = LifeSign(empty.home / "workers", "w-1")
    sign.show()
    with pytest.raises(InvalidInput, match="stop it first"):
        restore(empty, tmp_path / "b.tar.gz")
    sign.withdraw()
    restore(empty, tmp_path / "b.tar.gz")


def _changed(source: Path, target: Path, name: str, content: bytes) -> Path:
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            assert file is not None
            text = content if member.name == name else file.read()
            path = target.parent / "member"
            path.write_bytes(text)
            new.add(path, member.name)
    return target


@pytest.mark.parametrize(
    ("name", "content", "complaint"),
    [
        ("ledger.db", b"other", "checksum of ledger.db"),
        ("manifest.json", b"{}", "no readable manifest"),
        ("manifest.json", b'{"format": 99, "version": "9.0", "files": {}}', "format 99"),
        ("manifest.json", b'{"format": 1, "files": {}}', "not whole"),
    ],
)
def test_a_file_that_is_no_whole_backup_changes_nothing(
    full: Settings, empty: Settings, tmp_path: Path, name: str, content: bytes, complaint: str
) -> None:
    backup(full, tmp_path / "b.tar.gz")
    with pytest.raises(InvalidInput, match=complaint):
        restore(empty, _changed(tmp_path / "b.tar.gz", tmp_path / "c.tar.gz", name, content))
    assert {path.name for path in empty.home.iterdir()} <= {"up.lock"}


def test_a_truncated_file_changes_nothing(full: Settings, empty: Settings, tmp_path: Path) -> None:
    backup(full, tmp_path / "b.tar.gz")
    whole = (tmp_path / "b.tar.gz").read_bytes()
    (tmp_path / "c.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InvalidInput, match="cannot be read"):
        restore(empty, tmp_path / "c.tar.gz")


def test_a_backup_overwrites_nothing_and_wants_data(full: Settings, empty: Settings, tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").touch()
    with pytest.raises(InvalidInput, match="exists"):
        backup(full, tmp_path / "b.tar.gz")
    with pytest.raises(InvalidInput, match="nothing to back up"):
        backup(empty, tmp_path / "c.tar.gz")


def test_postgresql_is_left_to_its_own_tools(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, database_url="postgresql://h/d")
    with pytest.raises(InvalidInput, match="pg_dump"):
        backup(settings, tmp_path / "b.tar.gz")


def test_the_commands_do_it(full: Settings, empty: Settings, tmp_path: Path) -> None:
    file = str(tmp_path / "b.tar.gz")
    for home, arguments in ((full.home, ("backup", file)), (empty.home, ("restore", file))):
        subprocess.run(own_command(*arguments), env={"CONCORD_HOME": str(home)}, check=True)
    assert _rows(empty.home / "ledger.db") == 500
