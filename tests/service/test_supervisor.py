"""The supervisor keeps real child processes, and leaves none behind."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from service.supervisor import GivenUp, Part, Patience, Supervisor, describe_exit

SLEEPER = "from service.lifeline import hold_lifeline; hold_lifeline(); import time; time.sleep(600)"
QUICK = Patience(
    settled_s=30, instant_deaths=3, first_pause_s=0.01, longest_pause_s=0.02, grace_s=1.0, ready_within_s=60
)


def child(name: str, code: str, *, ready: Callable[[], bool] | None = None, stops_last: bool = False) -> Part:
    return Part(name=name, command=(sys.executable, "-c", code), ready=ready, stops_last=stops_last)


def wait_for(condition: Callable[[], bool], seconds: float = 90.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def supervise(parts: list[Part], folder: Path, told: list[str] | None = None) -> None:
    tell = (told if told is not None else []).append
    supervisor = Supervisor(parts, folder, tell=tell, patience=QUICK)
    asyncio.run(supervisor.run(lambda: os.kill(os.getpid(), signal.SIGTERM)))


def test_a_signal_stops_all_children_in_order(tmp_path: Path) -> None:
    note = (
        "import signal, sys, time\n"
        "def end(*_):\n"
        f"    open({str(tmp_path / 'order')!r}, 'a').write(sys.argv[1])\n"
        "    sys.exit()\n"
        "signal.signal(signal.SIGTERM, end)\n"
        f"open({str(tmp_path)!r} + '/up-' + sys.argv[1], 'w').close()\n"
        "time.sleep(600)"
    )
    parts = [
        Part(
            name=name,
            command=(sys.executable, "-c", note, name),
            ready=(tmp_path / f"up-{name}").exists,
            stops_last=name == "m",
        )
        for name in ("m", "a")
    ]
    supervise(parts, tmp_path / "logs")
    assert (tmp_path / "order").read_text() == "am"


def test_a_child_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    up = tmp_path / "up"
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
        f"open({str(up)!r}, 'w').close(); time.sleep(600)"
    )
    told: list[str] = []
    supervise([child("stubborn", stubborn, ready=up.exists)], tmp_path / "logs", told)
    assert told == ["stubborn did not end within 1 s; killing it"]


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    lives = tmp_path / "lives"
    code = f"import time; open({str(lives)!r}, 'a').write('x'); n = len(open({str(lives)!r}).read()); "
    code += "n > 2 and time.sleep(600); raise SystemExit(1)"
    told: list[str] = []
    ready = lambda: lives.exists() and len(lives.read_text()) == 3  # noqa: E731
    supervise([child("frail", code, ready=ready)], tmp_path / "logs", told)
    assert told == [
        f"frail ended (exit code 1); starting it again in {pause} s" for pause in ("0.01", "0.02")
    ]


def test_a_child_that_dies_at_once_every_time_is_given_up_with_its_last_words(tmp_path: Path) -> None:
    with pytest.raises(GivenUp) as given_up:
        supervise([child("broken", "raise SystemExit('no such table')")], tmp_path)
    message = str(given_up.value)
    assert message.startswith("broken cannot be kept running (exit code 1, 3 times right after its start)")
    assert message.endswith("  no such table")
    assert (tmp_path / "broken.log").read_text().count("no such table") == 3


def test_a_wrong_configuration_is_not_tried_twice(tmp_path: Path) -> None:
    code = "import sys; print('CONCORD_PORT must be a number'); sys.exit(2)"
    with pytest.raises(GivenUp, match=r"exit code 2\)"):
        supervise([child("picky", code), child("other", SLEEPER)], tmp_path)
    assert (tmp_path / "picky.log").read_text().count("CONCORD_PORT") == 1


def test_a_child_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    parts = [child("mute", SLEEPER, ready=lambda: False)]
    patience = Patience(ready_within_s=0.3, grace_s=5)
    with pytest.raises(GivenUp, match=r"mute is not ready after 0.3 s"):
        asyncio.run(Supervisor(parts, tmp_path, tell=print, patience=patience).run())


def test_a_child_that_cannot_be_asked_is_ready_once_it_keeps_running(tmp_path: Path) -> None:
    patience = Patience(settled_s=0.2, grace_s=5)
    supervisor = Supervisor([child("quiet", SLEEPER)], tmp_path, tell=print, patience=patience)
    began = time.monotonic()
    asyncio.run(supervisor.run(lambda: os.kill(os.getpid(), signal.SIGTERM)))
    assert time.monotonic() - began > 0.2


def test_a_long_line_does_not_break_the_log(tmp_path: Path) -> None:
    with pytest.raises(GivenUp):
        supervise([child("chatty", "print('x' * 300_000); raise SystemExit(2)")], tmp_path)
    assert (tmp_path / "chatty.log").read_text().replace("\n", "").count("x") == 300_000


def test_no_child_outlives_a_supervisor_that_was_killed(tmp_path: Path) -> None:
    pids = tmp_path / "pids"
    code = f"import os; open({str(pids)!r}, 'a').write(f'{{os.getpid()}} '); {SLEEPER}"
    script = textwrap.dedent(f"""
        import asyncio, sys
        from pathlib import Path
        from service.supervisor import Part, Supervisor
        parts = [Part(name=n, command=(sys.executable, "-c", {code!r})) for n in ("one", "two")]
        asyncio.run(Supervisor(parts, Path({str(tmp_path)!r}), tell=print).run())
    """)
    process = subprocess.Popen([sys.executable, "-c", script])
    wait_for(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    process.kill()
    process.wait()
    wait_for(lambda: not any(alive(int(pid)) for pid in pids.read_text().split()))


def test_what_a_child_started_itself_ends_with_it(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = "import subprocess, sys, time\n"
    code += "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
    code += f"open({str(pid)!r}, 'w').write(str(p.pid)); time.sleep(600)"
    supervise(
        [child("parent", code, ready=lambda: pid.exists() and bool(pid.read_text()))], tmp_path / "logs"
    )
    wait_for(lambda: not alive(int(pid.read_text())))


@pytest.mark.parametrize(
    ("code", "words"), [(0, "exit code 0"), (-9, "killed by SIGKILL"), (-200, "killed by signal 200")]
)
def test_an_exit_code_is_told_in_words(code: int, words: str) -> None:
    assert describe_exit(code) == words
