import inspect
import subprocess
import sys

import pytest

from optimizers.errors import InvalidInput
from optimizers.strategies import registry


def test_the_order_is_the_one_in_which_they_are_offered() -> None:
    assert registry.names()[:5] == ("joint", "bootstrap_fewshot", "instruction_search", "mipro", "gepa")
    assert registry.names()[0] == registry.DEFAULT


@pytest.mark.parametrize("name", registry.names())
def test_a_strategy_knows_its_name_and_is_described_in_a_sentence(name: str) -> None:
    assert registry.create(name).name == name
    assert registry.describe()[name].endswith(".")


@pytest.mark.parametrize("name", registry.names())
def test_what_can_be_set_is_what_its_constructor_takes(name: str) -> None:
    described = {option.name: option.default for option in registry.STRATEGIES[name].options}
    taken = {p.name: p.default for p in inspect.signature(type(registry.create(name))).parameters.values()}
    assert described == taken
    assert all(option.summary.endswith(".") for option in registry.STRATEGIES[name].options)


def test_an_unknown_name_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InvalidInput, match=r"strategy must be one of joint, .*got 'magic'"):
        registry.create("magic")


def test_an_unknown_option_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(InvalidInput, match="gepa has no option 'speed'; its options are reflection_rows"):
        registry.create("gepa", {"speed": 3})


@pytest.mark.parametrize("value", [0, -1, 1.5, "3", True, None])
def test_a_bad_value_is_refused_by_name(value: object) -> None:
    with pytest.raises(InvalidInput, match="rounds must be a whole number from 1 to 1000, got"):
        registry.create("instruction_search", {"rounds": value})


def test_a_share_outside_its_range_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"alpha must be in \[0, 1\], got 1.4"):
        registry.create("bootstrap_fewshot", {"alpha": 1.4})


def test_the_list_is_light() -> None:
    code = (
        "import sys; from optimizers.strategies import registry; registry.describe(); "
        "print([m for m in ('dspy', 'optuna', 'gepa', 'sklearn', 'numpy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
