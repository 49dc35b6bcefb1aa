import pytest

from optimizers.errors import InvalidInput
from optimizers.patterns import PatternTimeout, guarded


@pytest.mark.parametrize(
    "pattern",
    [
        "a{99999999}",
        "(?:(?:a{500}){500}){500}",
        "(?:(?:(?:a{30}){30}){30}){30}",
        "a{0," + "9" * 50 + "}",
        "(" * 60 + "a" + ")" * 60,
        "a" * 2_000,
        "(",
    ],
)
def test_what_would_take_long_to_compile_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="pattern"):
        guarded(pattern)


def test_a_search_that_runs_away_is_stopped() -> None:
    runaway = guarded(r"(a|aa)+$")
    with pytest.raises(PatternTimeout):
        runaway.first("a" * 5_000 + "!")
    with pytest.raises(PatternTimeout):
        runaway.count("a" * 5_000 + "!")


def test_a_sane_pattern_finds_and_counts() -> None:
    dates = guarded(r"(\d{4})-\d{2}-\d{2}")
    found = dates.first("on 2024-05-01 and 2024-06-01")
    assert found is not None
    assert found.group(1) == "2024"
    assert dates.count("on 2024-05-01 and 2024-06-01") == 2
    assert dates.groups == 1
    assert guarded("(?:a{100}){200}").count("a") == 0
