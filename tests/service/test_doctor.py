"""The doctor's findings."""

import socket
from pathlib import Path

import pytest
from pydantic import SecretStr

from optimizers.errors import AuthenticationFailed
from service.db import open_engine
from service.doctor import Finding, Mark, examine, needs_attention
from service.schema import migrate
from service.settings import Settings


def look(tmp_path: Path, environment: dict[str, str] | None = None, **given: object) -> dict[str, Finding]:
    settings = Settings(home=tmp_path / "home", **({"port": free(), "mlflow_port": free()} | given))  # type: ignore[arg-type]
    return {finding.what: finding for finding in examine(settings, environment=environment or {})}


def free() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def test_a_fresh_machine_needs_nothing(tmp_path: Path) -> None:
    found = look(tmp_path)
    assert not needs_attention(tuple(found.values()))
    assert "made at the first start" in found["Database"].detail
    assert "not a language model" in found["Model"].detail
    assert not (tmp_path / "home").exists()


def test_a_model_without_its_key_is_missing(tmp_path: Path) -> None:
    found = look(tmp_path, model="openai/gpt-4o-mini")
    assert found["Model"].mark is Mark.MISSING
    assert "OPENAI_API_KEY" in found["Model"].detail


def test_keys_are_named_and_never_shown(tmp_path: Path) -> None:
    secret = "sk-very-secret"
    found = look(
        tmp_path, {"OPENAI_API_KEY": secret}, model="openai/gpt-4o-mini", api_keys=(SecretStr(secret),)
    )
    assert found["Model"].mark is Mark.OK
    assert found["Provider keys"].detail == "OPENAI_API_KEY"
    assert secret not in repr(found)


def test_a_database_password_is_never_shown(tmp_path: Path) -> None:
    found = look(tmp_path, database_url="postgresql://me:hush@127.0.0.1:1/db")
    assert found["Database"].mark is Mark.MISSING
    assert "hush" not in found["Database"].detail


def test_a_migrated_database_is_fine_and_an_empty_one_is_noted(tmp_path: Path) -> None:
    home = tmp_path / "home"
    engine = open_engine(f"sqlite:///{home / 'concord.db'}")
    engine.connect().close()
    assert look(tmp_path)["Database"].mark is Mark.NOTE
    migrate(engine)
    engine.dispose()
    assert look(tmp_path)["Database"].detail.endswith(", migrated")


def test_a_port_that_somebody_else_uses_is_missing(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        found = look(tmp_path, port=listener.getsockname()[1])
    assert found["API"].mark is Mark.MISSING
    assert "CONCORD_PORT" in found["API"].detail


def test_a_running_service_is_found(tmp_path: Path, base_url: str) -> None:
    found = look(tmp_path, port=int(base_url.rsplit(":", 1)[1]))
    assert found["API"].detail == f"runs at {base_url}"


def test_an_mlflow_on_another_host_is_not_asked(tmp_path: Path) -> None:
    found = look(tmp_path, mlflow_uri="http://user:pw@mlflow.example.com")
    assert found["MLflow"].mark is Mark.NOTE
    assert "pw" not in found["MLflow"].detail


def test_listening_to_everybody_without_keys_is_missing(tmp_path: Path) -> None:
    assert look(tmp_path, host="0.0.0.0")["Exposure"].mark is Mark.MISSING


def test_a_home_that_is_a_file_is_missing(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("")
    assert look(tmp_path)["Data folder"].mark is Mark.MISSING


def test_a_probe_asks_the_model_and_tells_why_it_failed(tmp_path: Path) -> None:
    def refuse(model: str) -> str:
        raise AuthenticationFailed(f"{model}: 401")

    settings = Settings(home=tmp_path, port=free(), mlflow_port=free())
    good = examine(settings, environment={}, probe=lambda _: "pong")[-1]
    bad = examine(settings, environment={}, probe=refuse)[-1]
    assert (good.mark, bad.mark) == (Mark.OK, Mark.MISSING)


def test_without_a_probe_no_host_is_contacted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    contacted: list[object] = []
    connect = socket.socket.connect

    def record(self: socket.socket, address: object) -> None:
        contacted.append(address)
        connect(self, address)  # type: ignore[arg-type]  # whatever it is, it is passed on

    monkeypatch.setattr(socket.socket, "connect", record)
    look(
        tmp_path,
        model="openai/gpt-4o-mini",
        mlflow_uri="http://mlflow.example.com",
        api_bases=("http://x.example.com",),
    )
    assert {address[0] for address in contacted if isinstance(address, tuple)} <= {"127.0.0.1"}
