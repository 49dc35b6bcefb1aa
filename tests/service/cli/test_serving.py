"""`concord up`: the whole tree of processes, and the commands that talk to it."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from experiments.standin import CRITERION, KnownBetterPrompt, StandIn, WorldRow, write_csv
from service.client import ConcordClient
from service.up import answers, own_command

Concord = Callable[..., "subprocess.CompletedProcess[str]"]


@dataclass
class Up:
    """A running `concord up`."""

    process: "subprocess.Popen[str]"
    environment: dict[str, str]
    folder: Path
    standin: StandIn

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.environment['CONCORD_PORT']}"

    @property
    def mlflow_url(self) -> str:
        return f"http://127.0.0.1:{self.environment['CONCORD_MLFLOW_PORT']}"

    def children(self) -> list[int]:
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in listed.split()]

    def concord(self, *arguments: object) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            own_command(*map(str, arguments)),
            cwd=self.folder,
            env=self.environment | {"CONCORD_URL": self.url},
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )


def free_ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def environment_of(folder: Path, **more: str) -> dict[str, str]:
    port, mlflow_port = free_ports(2)
    kept = {
        k: v for k, v in os.environ.items() if not k.startswith("CONCORD_") and not k.endswith("_API_KEY")
    }
    own = {
        "CONCORD_HOME": str(folder / "home"),
        "CONCORD_PORT": str(port),
        "CONCORD_MLFLOW_PORT": str(mlflow_port),
    }
    return kept | own | more


@contextmanager
def started(folder: Path, standin: StandIn) -> Iterator[Up]:
    environment = environment_of(folder, CONCORD_API_BASES=standin.api_base)
    process = subprocess.Popen(
        own_command("up"),
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if "Ctrl-C stops it" in line:
            break
    else:
        pytest.fail("".join(said))
    try:
        yield Up(process=process, environment=environment, folder=folder, standin=standin)
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)


def hostile(folder: Path) -> Path:
    """A working directory with a user's own packages of our names."""
    for name in ("service", "optimizers", "experiments", "uvicorn"):
        (folder / name).mkdir()
        (folder / name / "__init__.py").write_text("raise SystemExit('the wrong package was imported')")
    return folder


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory, world_rows: tuple[WorldRow, ...]) -> Iterator[Up]:
    folder = hostile(tmp_path_factory.mktemp("up"))
    write_csv(world_rows, folder / "rows.csv")
    with StandIn(KnownBetterPrompt(world_rows)) as standin, started(folder, standin) as up:
        yield up


def gone(pids: list[int], within_s: float = 120.0) -> bool:
    deadline = time.monotonic() + within_s
    while time.monotonic() < deadline:
        if not any(_alive(pid) for pid in pids):
            return True
        time.sleep(0.05)
    return False


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_all_parts_answer_once_it_says_that_it_is_ready(up: Up) -> None:
    assert answers(f"{up.url}/api/ready")
    assert answers(f"{up.mlflow_url}/health")
    assert len(up.children()) == 3


def test_a_labelled_file_becomes_a_measured_judge(up: Up) -> None:
    pushed = up.concord("datasets", "push", "rows.csv", "--criterion", CRITERION)
    assert pushed.returncode == 0, pushed.stderr
    dataset = up.concord("datasets", "list").stdout.splitlines()[1].split("\t")[0]
    model = ["--model", "openai/simulated", "--api-base", up.standin.api_base]
    run = up.concord("runs", "start", dataset, *model, "--max-calls", 260, "--wait")
    assert run.returncode == 0, run.stderr + run.stdout
    run_id, status = run.stdout.split()
    assert status == "succeeded"
    assert "trial 0: kappa on dev" in run.stderr
    assert f"more: `concord runs report {run_id}`" in run.stderr
    assert "Cohen's kappa" in up.concord("runs", "report", run_id).stdout
    assert CRITERION in up.concord("runs", "best", run_id, "--format", "text").stdout
    assert run_id in up.concord("runs", "list", "--dataset", dataset).stdout
    assert f"id: {dataset}" in up.concord("datasets", "show", dataset).stdout
    assert "conclusion: " in up.concord("runs", "show", run_id).stdout


def test_a_run_starts_from_the_one_before_unless_it_is_to_start_afresh(up: Up) -> None:
    with ConcordClient(up.url) as client:
        dataset = next(iter(client.datasets())).id
        model = ["--model", "openai/simulated", "--api-base", up.standin.api_base, "--seed", 5]
        first = up.concord("runs", "start", dataset, *model, "--max-calls", 260, "--wait").stdout.split()[0]
        up.standin.faults.latency_ms = 200
        later = [up.concord("runs", "start", dataset, *model, *fresh).stdout for fresh in ([], ["--fresh"])]
        named = [client.cancel(client.run(run_id.strip())).earlier_runs for run_id in later]
        up.standin.faults.latency_ms = 0
    assert named[0][0] == first
    assert named[1] == []


def test_a_run_is_cancelled_from_the_command_line(up: Up) -> None:
    with ConcordClient(up.url) as client:
        dataset = next(iter(client.datasets())).id
    up.standin.faults.latency_ms = 200
    model = ["--model", "openai/simulated", "--api-base", up.standin.api_base, "--seed", 7]
    run_id = up.concord("runs", "start", dataset, *model).stdout.strip()
    up.concord("runs", "cancel", run_id)
    up.standin.faults.latency_ms = 0
    waited = up.concord("runs", "wait", run_id)
    assert (waited.returncode, waited.stdout.splitlines()[-1]) == (1, "cancelled")


def test_ctrl_c_ends_the_watching_and_not_the_run(up: Up) -> None:
    with ConcordClient(up.url) as client:
        dataset = next(iter(client.datasets())).id
    up.standin.faults.latency_ms = 200
    model = ["--model", "openai/simulated", "--api-base", up.standin.api_base, "--seed", 8]
    run_id = up.concord("runs", "start", dataset, *model).stdout.strip()
    environment = up.environment | {"CONCORD_URL": up.url}
    command = own_command("runs", "wait", run_id)
    watching = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    assert watching.stderr is not None
    while "running" not in watching.stderr.readline():
        pass
    watching.send_signal(signal.SIGINT)
    _, said = watching.communicate(timeout=120)
    assert watching.returncode == 130
    assert f"no longer watching; {run_id} goes on" in said
    assert up.concord("runs", "cancel", run_id).returncode == 0
    up.standin.faults.latency_ms = 0


def test_a_worker_that_is_killed_comes_back(up: Up) -> None:
    before = up.children()
    os.kill(before[-1], signal.SIGKILL)
    deadline = time.monotonic() + 120
    while (len(up.children()) < 3 or before[-1] in up.children()) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert len(up.children()) == 3
    assert before[:2] == up.children()[:2]


def test_a_second_one_on_the_same_folder_is_refused(up: Up) -> None:
    again = up.concord("up")
    assert again.returncode == 2
    assert f"process {up.process.pid}" in again.stderr


def test_the_doctor_finds_the_parts_running(up: Up) -> None:
    done = up.concord("doctor")
    assert done.returncode == 0, done.stdout
    assert f"API: runs at {up.url}" in done.stdout
    assert f"MLflow: runs at {up.mlflow_url}" in done.stdout


def test_a_port_in_use_is_told_before_anything_starts(concord: Concord, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        done = concord("up", CONCORD_PORT="0", CONCORD_MLFLOW_PORT=port)
    assert done.returncode == 2
    assert f"127.0.0.1:{port} (Address already in use)" in done.stderr
    assert done.stdout == ""


def test_listening_to_everybody_without_keys_is_refused(concord: Concord) -> None:
    for part in ("up", "api"):
        done = concord(part, CONCORD_HOST="0.0.0.0", CONCORD_PORT="0", CONCORD_MLFLOW_PORT="0")
        assert done.returncode == 2, part
        assert "CONCORD_API_KEYS" in done.stderr


def test_a_setting_that_is_no_number_is_named(concord: Concord) -> None:
    done = concord("up", CONCORD_PORT="eighty")
    assert done.returncode == 2
    assert done.stderr.startswith("error: CONCORD_PORT ")


def test_a_part_that_cannot_start_ends_all_and_says_why(concord: Concord, tmp_path: Path) -> None:
    (tmp_path / ".concord").mkdir()
    (tmp_path / ".concord" / "mlflow").write_text("a file where a folder belongs")
    done = concord("up", CONCORD_PORT="0", CONCORD_MLFLOW_PORT="0")
    assert done.returncode == 1
    assert "mlflow cannot be kept running" in done.stderr
    assert "cannot be written to" in done.stderr


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path, standin: StandIn) -> None:
    with started(tmp_path, standin) as up:
        children = up.children()
        up.process.kill()
        assert gone(children)


def test_a_stop_leaves_nothing_behind(up: Up) -> None:
    """The last one here: it stops what the others have used."""
    children = up.children()
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(timeout=240) == 0
    assert gone(children, within_s=1)
