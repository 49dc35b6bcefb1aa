import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from optimizers.checks import FUNCTIONS, CheckRunner
from optimizers.errors import CheckRefused, ChecksUnavailable
from optimizers.types import Example, Failure, FailureKind, Label, Outcome, Verdict


@pytest.fixture(scope="module")
def runner() -> Iterator[CheckRunner]:
    own = CheckRunner()
    yield own
    own.close()


def row(output: str, given: str = "") -> Example:
    return Example(id=output[:20] + given[:20], input=given, output=output)


def labels(outcomes: tuple[Outcome, ...]) -> list[Label | None]:
    return [outcome.label if isinstance(outcome, Verdict) else None for outcome in outcomes]


def refusal(runner: CheckRunner, expression: str) -> CheckRefused:
    with pytest.raises(CheckRefused) as caught:
        runner.verify(expression)
    return caught.value


@pytest.mark.parametrize("expression", [note.example for note in FUNCTIONS])
def test_each_example_of_the_reference_is_a_check(runner: CheckRunner, expression: str) -> None:
    runner.verify(expression)


def test_a_check_passes_where_it_is_true(runner: CheckRunner) -> None:
    rows = [row("short"), row("one two three four")]
    assert labels(runner.evaluate("words(output) <= 3", rows)) == [Label.PASS, Label.FAIL]
    assert labels(runner.evaluate("output.words() > 3", rows)) == [Label.FAIL, Label.PASS]


def test_input_and_output_are_told_apart(runner: CheckRunner) -> None:
    rows = [row("it is 12", given="12 or 13?"), row("it is 14", given="12 or 13?")]
    found = runner.evaluate("size(newNumbers(output, input)) == 0", rows)
    assert labels(found) == [Label.PASS, Label.FAIL]


def test_a_row_without_a_value_is_a_failure_of_its_own_kind(runner: CheckRunner) -> None:
    good, bad = runner.evaluate("json(output).total == 3", [row('{"total": 3}'), row("no JSON")])
    assert isinstance(good, Verdict)
    assert isinstance(bad, Failure)
    assert bad.kind is FailureKind.CHECK
    assert "Expecting value" in bad.message


@pytest.mark.parametrize(
    ("expression", "position", "reason"),
    [
        ("", (1, 1), "empty"),
        ("words(output) >\n  3 && ) 1", (2, 8), "extraneous input"),
        ("true &&\n nonesuch(output)", (2, 10), "undeclared reference to 'nonesuch'"),
        ("answer == 'x'", (1, 1), "undeclared reference to 'answer'"),
        ("words(output) > 'x'", (1, 15), "no matching overload"),
        ("words(output)", (1, 1), "must be true or false, it is a number"),
        ("true || output.matches('(')", (1, 24), "invalid regular expression"),
        ("true || count(output, '(a') > 1", (1, 23), "invalid regular expression"),
        ("1 / 0 == 1", (1, 1), "no value for any row"),
        ("fitsSchema(output, {'type': 5})", (1, 1), "not a JSON Schema"),
    ],
)
def test_a_bad_check_is_refused_with_position_and_reason(
    runner: CheckRunner, expression: str, position: tuple[int, int], reason: str
) -> None:
    found = refusal(runner, expression)
    assert (found.line, found.column) == position
    assert reason in found.reason
    assert f"line {position[0]}, column {position[1]}" in str(found)


def doubling(levels: int) -> str:
    """Texts of eightfold length, one inside the other."""
    inner = f"size(v{levels}) > 0"
    for level in range(levels, 0, -1):
        last = "output" if level == 1 else f"v{level - 1}"
        inner = f"[(({last}+{last})+({last}+{last}))].all(v{level}, {inner})"
    return inner


@pytest.mark.parametrize(
    "expression",
    [
        "output.__class__ == 1",
        "dyn(output).__class__.__mro__ == 1",
        "output.__init__.__globals__ == 1",
        "__import__('os').system('true') == 0",
        "(" * 500 + "true" + ")" * 500,
        "!" * 3_000 + "true",
        "[1].all(a, [1].all(b, [1].all(c, [1].all(d, true))))",
        "[1].map(a, [1].map(b, [1].map(c, 1))).size() > 0",
        "'" + "x" * 1_500 + "' == output",
        "output in ['" + "', '".join(["x"] * 700) + "']",
        " + ".join(["output"] * 60) + " == ''",
        "output.matches('a{1000}{1000}')",
        "output.matches('(a{1000}){1000}')",
        "count(output, '(?:(?:a{500}){500}){500}') > 0",
        "count(output, 'a{99999999}') > 0",
        "count(output, '(a|aa)+$') > 0",
        doubling(4),
    ],
    ids=lambda expression: expression[:40],
)
def test_a_hostile_check_is_refused(runner: CheckRunner, expression: str) -> None:
    assert refusal(runner, expression).reason


@pytest.mark.parametrize(
    "expression",
    [
        "[1,2,3,4,5,6,7,8,9,10].all(x, [1,2,3,4,5,6,7,8,9,10].all(y, sentences(output + output) > 0))",
        doubling(2).replace("size(v2)", "words(v2)"),
        "count(output, '(a|aa)+$') > 0",
    ],
    ids=lambda expression: expression[:40],
)
def test_what_runs_away_on_a_row_is_stopped_and_the_other_rows_are_judged(
    runner: CheckRunner, expression: str
) -> None:
    rows = [row("fine."), row("a" * 900_000 + "b"), row("fine too.")]
    first, stopped, last = runner.evaluate(expression, rows)
    assert isinstance(first, Verdict)
    assert isinstance(stopped, Failure)
    assert stopped.kind is FailureKind.CHECK
    assert isinstance(last, Verdict)


def test_a_pattern_that_runs_away_is_refused_also_where_its_own_clock_strikes_first() -> None:
    patient = CheckRunner(cpu_s=20.0)
    assert "took more than" in refusal(patient, "count(output, '(a|aa)+$') > 0").reason
    patient.close()


def test_a_check_that_needs_too_much_memory_is_stopped() -> None:
    small = CheckRunner(memory_bytes=160 * 1024 * 1024, cpu_s=5.0)
    rows = [row("fine."), row("é" * 1_000_000), row("fine too.")]
    first, stopped, last = small.evaluate(
        "fold(((output+output)+(output+output))+((output+output)+(output+output))) != ''", rows
    )
    assert [isinstance(outcome, Verdict) for outcome in (first, stopped, last)] == [True, False, True]
    small.close()


def test_a_check_that_is_stopped_again_and_again_is_given_up(runner: CheckRunner) -> None:
    rows = [row(f"{n} " + "a" * 900_000 + "b") for n in range(50)]
    found = runner.evaluate("count(output, '(a|aa)+$') > 0", rows)
    messages = [outcome.message for outcome in found if isinstance(outcome, Failure)]
    assert len(messages) == 50
    assert messages[-1].startswith("not tried")


def test_texts_that_the_runtime_cannot_hold_do_not_cut_an_output_short(runner: CheckRunner) -> None:
    rows = [row("a\x00b"), row("a\ud800b"), row("a😀b")]
    assert labels(runner.evaluate("size(output) == 3", rows)) == [Label.PASS] * 3


def test_a_row_that_is_too_long_is_a_failure(runner: CheckRunner) -> None:
    long, short = runner.evaluate("true", [row("x" * 2_000_001), row("x")])
    assert isinstance(long, Failure)
    assert isinstance(short, Verdict)


def test_no_schema_is_fetched(runner: CheckRunner) -> None:
    expression = 'fitsSchema(output, {"$ref": "http://127.0.0.1:9/schema"})'
    (found,) = runner.evaluate(expression, [row("{}")])
    assert isinstance(found, Failure)


def test_thousands_of_rows_come_back_in_order(runner: CheckRunner) -> None:
    rows = [row("word " * (n % 7), given=str(n)) for n in range(5_000)]
    found = labels(runner.evaluate("words(output) < 3", rows))
    assert found == [Label.PASS if n % 7 < 3 else Label.FAIL for n in range(5_000)]


def test_threads_share_the_processes() -> None:
    shared = CheckRunner(workers=2)
    with ThreadPoolExecutor(4) as pool:
        jobs = [pool.submit(shared.evaluate, f"words(output) == {n}", [row("w " * n)]) for n in range(12)]
        assert [labels(job.result()) for job in jobs] == [[Label.PASS]] * 12
    shared.close()


def test_a_folder_of_our_name_where_the_process_starts_does_not_take_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "optimizers").mkdir()
    (tmp_path / "optimizers" / "__init__.py").write_text("raise SystemExit(3)")
    monkeypatch.chdir(tmp_path)
    own = CheckRunner()
    own.verify("true")
    own.close()


def test_a_process_that_does_not_start_is_an_error_not_an_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(ChecksUnavailable):
        CheckRunner().evaluate("true", [row("x")])
