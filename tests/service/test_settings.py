"""Settings: the environment, read once, and what is refused at start."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from optimizers.errors import InvalidInput
from optimizers.lm.pricing import Price
from optimizers.types import ModelRef
from service.settings import Settings, is_loopback


def test_everything_has_a_default() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.model) == ("127.0.0.1", 8000, "offline")


def test_variables_carry_the_prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_PORT", "9000")
    monkeypatch.setenv("PORT", "1")
    assert Settings().port == 9000


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_API_BASES", "http://localhost:11434/v1, http://gpu:8000/v1,")
    assert Settings().api_bases == ("http://localhost:11434/v1", "http://gpu:8000/v1")


def test_keys_do_not_show_when_settings_are_printed() -> None:
    settings = Settings.model_validate({"api_keys": "sesame,simsim"})
    assert [key.get_secret_value() for key in settings.api_keys] == ["sesame", "simsim"]
    assert "sesame" not in repr(settings)


def test_the_database_is_a_file_in_the_home_folder_unless_it_is_named(tmp_path: Path) -> None:
    assert Settings(home=tmp_path).database == f"sqlite:///{tmp_path}/concord.db"
    assert Settings(database_url="postgresql://db/concord").database == "postgresql://db/concord"


@pytest.mark.parametrize("text", ["openai", "openai=fast", "openai=0rpm"])
def test_limits_of_providers_that_cannot_be_read_are_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="openai"):
        Settings(provider_limits=text)


def test_an_empty_variable_is_an_unset_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_DATABASE_URL", "")
    assert Settings().database_url is None


def test_a_model_without_a_provider_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_MODEL", "")
    assert Settings().model == "offline"
    with pytest.raises(ValidationError, match="'openai/gpt-4o-mini', got 'gpt-4o-mini'"):
        Settings(model="gpt-4o-mini")


def test_an_address_of_models_without_its_scheme_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"got '127\.0\.0\.1:11434/v1'"):
        Settings.model_validate({"api_bases": "http://127.0.0.1:8100/v1, 127.0.0.1:11434/v1"})


def test_a_port_out_of_range_is_refused() -> None:
    with pytest.raises(ValidationError, match="65535"):
        Settings(port=70_000)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.7", "concord.example"])
def test_listening_beyond_this_machine_wants_keys(host: str) -> None:
    with pytest.raises(InvalidInput, match="CONCORD_API_KEYS"):
        Settings(host=host).require_safe_exposure()
    Settings.model_validate({"host": host, "api_keys": "k"}).require_safe_exposure()


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "localhost", "::1", "[::1]"])
def test_loopback_wants_none(host: str) -> None:
    assert is_loopback(host)
    Settings(host=host).require_safe_exposure()


def test_prices_that_cannot_be_read_are_refused_and_others_go_before_the_list() -> None:
    with pytest.raises(ValidationError, match="must read model=prompt/completion"):
        Settings(prices="openai/mine")
    price = Settings(prices="openai/mine=1/2").pricing.price(ModelRef(name="openai/mine"))
    assert price == Price(prompt_usd_per_million=1.0, completion_usd_per_million=2.0)


def test_limits_that_are_set_to_nothing_are_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_GLOBAL_CONCURRENCY", "")
    monkeypatch.setenv("CONCORD_LEDGER_RETENTION_DAYS", "")
    assert (Settings().global_concurrency, Settings().ledger_retention_days) == (None, None)
