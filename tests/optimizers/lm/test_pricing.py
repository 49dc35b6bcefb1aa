"""Prices: the packaged list, the user's, and none."""

import re
import subprocess
import sys

import pytest

from optimizers.errors import InvalidInput, PriceUnknown
from optimizers.lm.pricing import FREE, Price, Pricing, model_facts, parse_prices
from optimizers.types import Budget, ModelRef

MINE = Price(prompt_usd_per_million=1.0, completion_usd_per_million=2.0)


def test_a_known_model_has_the_packaged_price() -> None:
    price = Pricing().price(ModelRef(name="openai/gpt-4o-mini"))
    assert price == Price(prompt_usd_per_million=0.15, completion_usd_per_million=0.6)


@pytest.mark.parametrize(
    "name", ["anthropic/claude-sonnet-4-5", "gemini/gemini-2.5-flash", "openrouter/openai/gpt-4o", "gpt-4o"]
)
def test_the_usual_spellings_are_found(name: str) -> None:
    assert Pricing().price(ModelRef(name=name)) is not None


def test_another_providers_model_of_the_same_name_has_no_price() -> None:
    assert Pricing().price(ModelRef(name="groq/gpt-4o-mini")) is None


def test_a_model_at_an_address_of_its_own_has_no_packaged_price() -> None:
    model = ModelRef(name="openai/gpt-4o-mini", api_base="http://127.0.0.1:9/v1")
    assert Pricing().price(model) is None
    assert model_facts(model) == {}
    assert Pricing({"openai/gpt-4o-mini": MINE}).price(model) == MINE


def test_the_offline_model_is_free() -> None:
    assert Pricing().price(ModelRef(name="offline")) == FREE


def test_a_price_is_for_a_million_tokens() -> None:
    assert MINE.cost_usd(1_000_000, 500_000) == 2.0


def test_a_limit_in_dollars_needs_a_price() -> None:
    model = ModelRef(name="openai/simulated", api_base="http://127.0.0.1:9/v1")
    with pytest.raises(PriceUnknown, match=r"'openai/simulated' at http://127\.0\.0\.1:9/v1"):
        Pricing().require([model], Budget(max_cost_usd=1.0))
    with pytest.raises(PriceUnknown):
        Pricing().require([model], Budget(), Budget(max_cost_usd=1.0))
    Pricing().require([model], Budget(max_calls=1, max_tokens=1), None)
    Pricing({model.name: MINE}).require([model], Budget(max_cost_usd=1.0))


@pytest.mark.parametrize("wrong", [-0.1, float("inf"), float("nan")])
def test_a_price_below_zero_is_refused(wrong: float) -> None:
    with pytest.raises(InvalidInput, match="completion_usd_per_million must be 0 or more"):
        Price(prompt_usd_per_million=1.0, completion_usd_per_million=wrong)


def test_reading_prices_imports_no_dspy_and_contacts_nobody() -> None:
    program = (
        "import sys\n"
        "def hook(event, args):\n"
        "    assert not event.startswith(('socket.connect', 'socket.getaddrinfo', 'urllib')), event\n"
        "sys.addaudithook(hook)\n"
        "from optimizers.lm.pricing import Pricing\n"
        "from optimizers.types import ModelRef\n"
        "assert Pricing().price(ModelRef(name='gpt-4o')) is not None\n"
        "assert 'dspy' not in sys.modules\n"
    )
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, env={}, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr


def test_prices_are_read_from_a_line_of_text() -> None:
    assert parse_prices("") == {}
    assert parse_prices(" openai/qwen3:8b=0.1/0.4; openai/a=b=1/2 ;") == {
        "openai/qwen3:8b": Price(prompt_usd_per_million=0.1, completion_usd_per_million=0.4),
        "openai/a=b": Price(prompt_usd_per_million=1.0, completion_usd_per_million=2.0),
    }


@pytest.mark.parametrize("text", ["openai/x", "openai/x=1", "=1/2", "openai/x=1/free", "openai/x=-1/2"])
def test_a_price_that_cannot_be_read_is_named(text: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(repr(text))):
        parse_prices(text)


def test_a_given_price_lets_a_limit_in_dollars_be_held() -> None:
    model = ModelRef(name="openai/mine", api_base="http://127.0.0.1:1/v1")
    limit = Budget(max_cost_usd=1.0)
    with pytest.raises(PriceUnknown):
        Pricing().require([model], limit)
    Pricing(parse_prices("openai/mine=1/2")).require([model], limit)
