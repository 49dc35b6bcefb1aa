"""A PostgreSQL server of a test's own, which the test may stop and start."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

INSTALLED = Path("/usr/lib/postgresql")
UNPRIVILEGED = ("postgres", "nobody")
PATIENCE_S = 240


@dataclass(frozen=True, kw_only=True)
class OwnPostgres:
    """A server on 127.0.0.1, with its data and its socket in `folder`. `user` runs it: PostgreSQL refuses
    to be run by root."""

    programs: Path
    folder: Path
    port: int
    user: str | None

    @property
    def url(self) -> str:
        """Its only database of note."""
        return f"postgresql://concord@127.0.0.1:{self.port}/postgres"

    def make(self) -> None:
        self._call("initdb", "--auth=trust", "--username=concord", "--encoding=UTF8", "--no-sync")

    def start(self) -> None:
        """Returns once it takes connections."""
        options = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        self._call("pg_ctl", "start", "--wait", "--log", str(self.folder / "log"), "--options", options)

    @property
    def runs(self) -> bool:
        return (self.folder / "data" / "postmaster.pid").exists()

    def stop(self, mode: str = "immediate") -> None:
        """`fast` ends it in order, `immediate` as a crash does."""
        self._call("pg_ctl", "stop", "--wait", "--mode", mode)

    def _call(self, program: str, *arguments: str) -> None:
        command = [str(self.programs / program), "--pgdata", str(self.folder / "data"), *arguments]
        subprocess.run(
            command,
            cwd=self.folder,
            user=self.user,
            check=True,
            timeout=PATIENCE_S,
            stdout=subprocess.DEVNULL,  # a pipe would stay open as long as the server lives
        )


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """A new server, stopped and removed in the end; a skip, by name, where PostgreSQL is not installed."""
    programs = _programs()
    user = _unprivileged() if os.geteuid() == 0 else None
    folder = Path(tempfile.mkdtemp(prefix="concord-pg-"))  # pytest's own folders are closed to `user`
    try:
        if user is not None:
            shutil.chown(folder, user)
        server = OwnPostgres(programs=programs, folder=folder, port=_free_port(), user=user)
        server.make()
        server.start()
        try:
            yield server
        finally:
            if server.runs:
                server.stop()
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    """Where the newest `pg_ctl` is."""
    on_path = shutil.which("pg_ctl")
    found = [Path(on_path)] if on_path else _newest_first(list(INSTALLED.glob("*/bin/pg_ctl")))
    if not found:
        message = f"no PostgreSQL programs (pg_ctl) in PATH or {INSTALLED}"
        if os.environ.get("CONCORD_REQUIRE_POSTGRES") == "1":
            pytest.fail(message)
        pytest.skip(message)
    return found[0].parent


def _newest_first(found: Sequence[Path]) -> list[Path]:
    return sorted(found, key=lambda path: float(path.parts[-3]), reverse=True)


def _unprivileged() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in UNPRIVILEGED if name in known)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
