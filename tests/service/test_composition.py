"""What the settings make of the parts."""

from pathlib import Path

import pytest

from optimizers.errors import InvalidInput
from optimizers.lm.ledger import SqliteLedger
from optimizers.types import ModelRef
from service.composition import key_mark, open_ledger, read_settings
from service.ledger.store import DatabaseLedger
from service.settings import Settings


def test_an_embedded_database_has_its_ledger_in_a_file_beside_it(tmp_path: Path) -> None:
    ledger = open_ledger(Settings(home=tmp_path))
    assert isinstance(ledger, SqliteLedger)
    assert ledger.path == tmp_path / "ledger.db"
    ledger.close()


def test_postgresql_has_its_ledger_within(tmp_path: Path) -> None:
    ledger = open_ledger(Settings(home=tmp_path, database_url="postgresql://nobody@127.0.0.1:9/none"))
    assert isinstance(ledger, DatabaseLedger)
    ledger.close()


def test_a_limit_that_cannot_be_read_names_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONCORD_PROVIDER_LIMITS", "openai=5rps")
    with pytest.raises(InvalidInput, match=r"CONCORD_PROVIDER_LIMITS .*'5rps' is no limit of 'openai'"):
        read_settings()


def test_keys_are_told_apart_and_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    model, marks = ModelRef(name="openai/m"), set()
    for key in ("sk-first", "sk-second", ""):
        monkeypatch.setenv("OPENAI_API_KEY", key)
        marks.add(key_mark(model))
    assert len(marks) == 3
    assert all(len(mark) in (0, 8) and "sk" not in mark for mark in marks)
