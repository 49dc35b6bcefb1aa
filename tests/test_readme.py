"""The README's blocks, run as they are written, against what `make up` starts."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```bash\n(.*?)^```", README, re.DOTALL | re.MULTILINE)
API_PORT, MLFLOW_PORT = "8000", "5000"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Installation:
    """What `make up` started, in a home and on ports of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port, self.mlflow_port = free_port(), free_port()
        settings = {
            "CONCORD_HOME": str(folder / "home"),
            "CONCORD_PORT": str(self.port),
            "CONCORD_MLFLOW_PORT": str(self.mlflow_port),
        }
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("CONCORD_", "MAKE", "MFLAGS"))}
        self.environment = inherited | settings
        self.log = (folder / "up.log").open("w", encoding="utf-8")
        self.process = subprocess.Popen(
            ["make", "-C", str(ROOT), "up"],
            env=self.environment,
            stdout=self.log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def wait_until_ready(self, timeout_s: float) -> None:
        deadline = time.monotonic() + timeout_s
        while "Concord is ready" not in self.said() or not self._answers():
            assert self.process.poll() is None, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.2)

    def _answers(self) -> bool:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/ready", timeout=5) as answer:
            return bool(answer.status == 200)

    def said(self) -> str:
        return Path(self.log.name).read_text(encoding="utf-8")

    def interrupt(self) -> int:
        """Ctrl-C in its terminal."""
        os.killpg(self.process.pid, signal.SIGINT)
        return self.process.wait(timeout=120)

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        here = script.replace(f":{API_PORT}", f":{self.port}").replace(
            f":{MLFLOW_PORT}", f":{self.mlflow_port}"
        )
        path = f"{Path(sys.executable).parent}:{self.environment['PATH']}"
        environment = self.environment | {"PATH": path, "CONCORD_URL": f"http://127.0.0.1:{self.port}"}
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", here],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("newcomer")
    (folder / "experiments").symlink_to(ROOT / "experiments")
    running = Installation(folder)
    try:
        running.wait_until_ready(timeout_s=400)
        yield running
    finally:
        if running.process.poll() is None:
            running.interrupt()
        running.log.close()


def test_the_readmes_blocks_run_as_written(installation: Installation) -> None:
    start, *rest = BLOCKS
    assert start == "make up\n"
    done = installation.run("\n".join(rest))
    assert done.returncode == 0, done.stderr[-3000:]
    assert "# Improved" in done.stdout
    assert '"status": "succeeded"' in done.stdout
    assert f"http://127.0.0.1:{installation.mlflow_port}/#/experiments/" in done.stdout
    for name in ("best.json", "judge.json", "report.md", "verdicts.csv", "judge.messages.json"):
        assert (installation.folder / name).stat().st_size > 500, name


def test_ctrl_c_stops_everything_that_make_up_started(installation: Installation) -> None:
    installation.interrupt()
    assert "Stopped." in installation.said()
    for port in (installation.port, installation.mlflow_port):
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_every_setting_is_in_the_readme() -> None:
    from service.settings import Settings

    told = {"cell_max_chars", "upload_max_bytes", "upload_max_rows", "body_max_bytes"}  # limits of uploads
    told |= {"allowed_hosts", "lease_s", "log_level", "log_json"}  # for operators, in their own words
    missing = [
        name for name in Settings.model_fields if name not in told and f"CONCORD_{name.upper()}" not in README
    ]
    assert not missing
