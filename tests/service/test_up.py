"""What `concord up` decides before it starts anything."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from optimizers.errors import InvalidInput
from service.settings import Settings
from service.up import MLFLOW_HOST, answers, choose_addresses, own_command, plan, reachable, sole_tenant


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def settings(tmp_path: Path, **given: object) -> Settings:
    return Settings(home=tmp_path / "home", **({"port": 0, "mlflow_port": 0} | given))  # type: ignore[arg-type]


def test_a_port_in_use_names_the_part_and_the_variable(tmp_path: Path, taken: int) -> None:
    with pytest.raises(InvalidInput, match=rf"the API cannot listen on 127.0.0.1:{taken} .*CONCORD_PORT"):
        choose_addresses(settings(tmp_path, port=taken))
    with pytest.raises(InvalidInput, match=rf"MLflow cannot listen on .*:{taken} .*CONCORD_MLFLOW_PORT"):
        choose_addresses(settings(tmp_path, mlflow_port=taken))


def test_two_parts_cannot_share_a_port(tmp_path: Path) -> None:
    free = choose_addresses(settings(tmp_path)).port
    with pytest.raises(InvalidInput, match=f"are both {free}"):
        choose_addresses(settings(tmp_path, port=free, mlflow_port=free))


def test_listening_beyond_this_machine_needs_keys(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="CONCORD_API_KEYS"):
        choose_addresses(settings(tmp_path, host="0.0.0.0"))
    chosen = choose_addresses(settings(tmp_path, host="0.0.0.0", api_keys=(SecretStr("k"),)))
    assert chosen.api_url == f"http://127.0.0.1:{chosen.port}"


def test_mlflow_never_listens_beyond_this_machine(tmp_path: Path) -> None:
    open_wide = settings(tmp_path, host="0.0.0.0", api_keys=(SecretStr("k"),))
    mlflow = plan(open_wide, choose_addresses(open_wide))[0]
    assert mlflow.name == "mlflow"
    assert mlflow.command[-3] == MLFLOW_HOST


def test_an_mlflow_elsewhere_is_used_and_none_is_started(tmp_path: Path) -> None:
    elsewhere = settings(tmp_path, mlflow_uri="http://127.0.0.1:5999")
    parts = plan(elsewhere, choose_addresses(elsewhere))
    assert [part.name for part in parts] == ["api", "worker"]
    assert parts[0].environment["CONCORD_MLFLOW_URI"] == "http://127.0.0.1:5999"


def test_children_are_told_the_ports_that_were_chosen(tmp_path: Path) -> None:
    given = settings(tmp_path)
    chosen = choose_addresses(given)
    api = plan(given, chosen)[1]
    assert api.environment["CONCORD_PORT"] == str(chosen.port) != "0"
    assert Path(api.environment["CONCORD_HOME"]).is_absolute()


def test_a_home_has_one_tenant(tmp_path: Path) -> None:
    holder = "import sys, pathlib; from service.up import sole_tenant\n"
    holder += f"with sole_tenant(pathlib.Path({str(tmp_path)!r})): print('in', flush=True); sys.stdin.read()"
    process = subprocess.Popen(
        [sys.executable, "-c", holder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        with (
            pytest.raises(InvalidInput, match=f"already runs on .* \\(process {process.pid}\\)"),
            sole_tenant(tmp_path),
        ):
            pass
    finally:
        process.communicate()
    with sole_tenant(tmp_path):
        assert (tmp_path / "up.lock").read_text() == str(os.getpid())


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with (
        pytest.raises(InvalidInput, match=r"CONCORD_HOME=.*cannot be written to"),
        sole_tenant(tmp_path / "file"),
    ):
        pass


@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("localhost", "localhost")],
)
def test_the_printed_address_can_be_opened(host: str, shown: str) -> None:
    assert reachable(host) == shown


def test_nobody_answers_on_a_free_port(tmp_path: Path, taken: int) -> None:
    assert not answers(
        f"http://127.0.0.1:{choose_addresses(settings(tmp_path)).port}/api/health", timeout_s=1
    )
    assert not answers(f"http://127.0.0.1:{taken}/api/health", timeout_s=0.2)


def test_a_folder_of_the_users_own_does_not_shadow_ours(tmp_path: Path) -> None:
    for name in ("service", "optimizers", "experiments", "typer"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('the wrong package was imported')")
    done = subprocess.run(own_command("--version"), cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
