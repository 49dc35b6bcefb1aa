"""The lock file that tells a dead process from one that is only silent."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.jobs.liveness import LifeSign, forget, is_surely_dead

LIVE = """
import sys, time
from pathlib import Path
from service.jobs.liveness import LifeSign
sign = LifeSign(Path(sys.argv[1]), "w")
sign.show()
print("alive", flush=True)
time.sleep(600)
"""


@pytest.fixture
def process(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", LIVE, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "alive\n"
        yield process
        process.kill()


def test_a_living_process_is_not_dead(process: subprocess.Popen[str], tmp_path: Path) -> None:
    assert not is_surely_dead(tmp_path, "w")


def test_a_frozen_process_is_not_surely_dead(process: subprocess.Popen[str], tmp_path: Path) -> None:
    process.send_signal(signal.SIGSTOP)
    assert not is_surely_dead(tmp_path, "w")


def test_a_killed_process_is_dead_at_once(process: subprocess.Popen[str], tmp_path: Path) -> None:
    process.kill()
    process.wait()
    assert is_surely_dead(tmp_path, "w")


def test_of_a_worker_elsewhere_nothing_is_known(tmp_path: Path) -> None:
    assert not is_surely_dead(tmp_path, "of another folder")


def test_a_worker_that_has_gone_in_order_leaves_no_file(tmp_path: Path) -> None:
    sign = LifeSign(tmp_path, "w")
    sign.show()
    sign.withdraw()
    assert list(tmp_path.iterdir()) == []


def test_what_the_dead_left_is_removed(process: subprocess.Popen[str], tmp_path: Path) -> None:
    process.kill()
    process.wait()
    forget(tmp_path, "w")
    assert list(tmp_path.iterdir()) == []
