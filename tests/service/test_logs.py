"""Logs: no credential in them, however it got there."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from service.logs import HIDDEN, configure, hide_secrets
from service.settings import Settings


@pytest.mark.parametrize("name", ["api_key", "apikey", "Authorization", "password", "client_secret"])
def test_a_field_named_like_a_credential_is_hidden(name: str) -> None:
    assert hide_secrets(None, "info", {name: "x", "n": 1}) == {name: HIDDEN, "n": 1}


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("key sk-abcdefgh12345678 refused", "sk-abcdefgh12345678"),
        ("sent Bearer abc.def", "abc.def"),
        ("postgresql://concord:hunter2@db/concord", "hunter2"),
    ],
)
def test_a_text_that_looks_like_one_is_hidden(text: str, secret: str) -> None:
    hidden = hide_secrets(None, "info", {"event": text, "nested": {"list": [text]}})
    assert secret not in str(hidden)
    assert HIDDEN in str(hidden)


def test_token_counts_are_not_credentials() -> None:
    event = {"prompt_tokens": 12, "event": "asked"}
    assert hide_secrets(None, "info", event) == event


@pytest.fixture
def restored_logging() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("restored_logging")
def test_a_line_is_json_where_that_is_asked_for() -> None:
    configure(Settings(log_json=True))
    stream = io.StringIO()
    handler = logging.root.handlers[0]
    assert isinstance(handler, logging.StreamHandler)
    handler.setStream(stream)
    structlog.get_logger("x").info("run_started", run_id="run_1", api_key="sk-12345678")
    line = json.loads(stream.getvalue())
    assert (line["event"], line["run_id"], line["api_key"]) == ("run_started", "run_1", HIDDEN)
