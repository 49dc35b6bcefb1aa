"""A whole run through the real gateway, ledger and budget, before a scripted model."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from experiments.observers import Observers
from experiments.runner import RunResult, run_optimization
from experiments.spec import RunSpec, judge_decoding
from optimizers.artifact import from_json
from optimizers.errors import (
    AuthenticationFailed,
    BudgetTooSmall,
    InvalidInput,
    NotEnoughLabels,
    RunCancelled,
)
from optimizers.lm.control import RunControl
from optimizers.lm.gateway import Gateway
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.loop import BackgroundLoop
from optimizers.report import Conclusion, Recommended, Report
from optimizers.testing import JudgeWorld, ScriptedModel
from optimizers.types import (
    Budget,
    Label,
    Message,
    ModelRef,
    ModelRequest,
    Part,
    Snapshot,
    Split,
    Trial,
    Usage,
    VerbatimPrompt,
)

WORLD = JudgeWorld(train=24, dev=24, test=40)
BUDGET = Budget(max_calls=500)


@dataclass
class Bench:
    """One ledger and one loop; each run may bring its own model."""

    ledger: SqliteLedger
    loop: BackgroundLoop

    def run(
        self,
        snapshot: Snapshot,
        script: Callable[[ModelRequest], str] = WORLD.answer,
        *,
        observer: Any = None,
        control: RunControl | None = None,
        before: Callable[[int], None] | None = None,
        **changes: Any,
    ) -> tuple[RunResult, ScriptedModel]:
        model = ScriptedModel(script, before)
        spec = replace(SPEC, **changes)
        gateway = Gateway(self.ledger, lambda _: model)
        return run_optimization(spec, snapshot, gateway, self.loop, observer, control), model


SPEC = RunSpec(
    run_id="run-1", strategy="bootstrap_fewshot", model=ModelRef(name="scripted/judge"), budget=BUDGET
)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    with BackgroundLoop() as loop:
        yield Bench(ledger, loop)
    ledger.close()


def asked_about(requests: tuple[ModelRequest, ...], row_id: str) -> int:
    number = int(row_id.removeprefix("row-"))
    return sum(f"Case {number}:" in request.messages[-1].content for request in requests)


def with_parts(snapshot: Snapshot, parts: dict[str, Part]) -> Snapshot:
    return replace(snapshot, split=Split(parts={**snapshot.split.parts, **parts}))


def test_a_better_prompt_is_found_and_the_report_says_improved(bench: Bench) -> None:
    result, _ = bench.run(WORLD.snapshot())
    test = result.report.test
    assert result.report.conclusion is Conclusion.IMPROVED
    assert result.report.recommended is Recommended.BEST
    assert test.gain is not None
    assert test.gain.low is not None
    assert test.gain.low > 0
    assert test.best is not None
    assert test.best.n == 40
    assert result.trials[0].origin == "baseline"


@pytest.mark.parametrize(
    "strategy", ["joint", "bootstrap_fewshot", "instruction_search", "mipro", "gepa", "criteria"]
)
def test_a_train_row_that_repeats_a_test_row_is_not_learned_from(bench: Bench, strategy: str) -> None:
    snapshot = WORLD.snapshot()
    copied = snapshot.part(Part.TEST)[0].example
    first = snapshot.part(Part.TRAIN)[0]
    example = replace(first.example, input=copied.input.upper(), output=copied.output.upper())
    rows = tuple(replace(row, example=example) if row.id == first.id else row for row in snapshot.rows)
    result, model = bench.run(replace(snapshot, rows=rows), strategy=strategy)
    assert not any(example.input in str(request) for request in model.requests)
    assert any("1 train row repeats" in warning for warning in result.report.warnings)


def test_a_repeated_run_pays_nothing_and_gives_the_same_artifact(bench: Bench) -> None:
    first, _ = bench.run(WORLD.snapshot())
    second, model = bench.run(WORLD.snapshot(), run_id="run-2", test_readings=1)
    assert model.calls == 0
    assert second.artifact.digest == first.artifact.digest
    assert second.report.spend.calls == first.report.spend.calls
    assert second.report.spend.paid_calls == 0
    assert second.report.test.readings == 2


def test_the_calls_that_are_counted_are_those_that_reached_the_model(bench: Bench) -> None:
    result, model = bench.run(WORLD.snapshot())
    spend = result.report.spend
    assert spend.paid_calls == model.calls == spend.calls - spend.cached_calls
    assert spend.calls <= 500


def test_test_rows_are_not_seen_before_the_search_is_over(bench: Bench) -> None:
    snapshot = WORLD.snapshot()
    result, model = bench.run(snapshot)
    tests = [row.id for row in snapshot.part(Part.TEST)]
    final = model.requests[-(2 * len(tests) + 20) :]
    search = model.requests[: len(model.requests) - len(final)]
    assert all(asked_about(search, row_id) == 0 for row_id in tests)
    assert all(asked_about(final, row_id) == 2 for row_id in tests)
    assert result.test_best is not None


def test_where_the_baseline_wins_there_is_one_reading_and_no_gain(bench: Bench) -> None:
    def right(request: ModelRequest) -> str:  # knows every defect, whatever its prompt
        row = request.messages[-1].content
        bad = any(word in row for word in ("guarantee", "password", "whatever", "asap"))
        return json.dumps({"rationale": "r", "verdict": "fail" if bad else "pass"})

    result, model = bench.run(WORLD.snapshot(), right)
    assert result.report.conclusion is Conclusion.NOT_SHOWN
    assert result.report.recommended is Recommended.BASELINE
    assert result.report.test.gain is not None
    assert result.report.test.gain.value == 0
    assert asked_about(model.requests, WORLD.snapshot().part(Part.TEST)[0].id) == 1


def test_without_test_rows_nothing_is_measured(bench: Bench) -> None:
    snapshot = WORLD.snapshot()
    moved = {row.id: Part.TRAIN for row in snapshot.part(Part.TEST)}
    result, _ = bench.run(with_parts(snapshot, moved))
    assert result.report.conclusion is Conclusion.NOT_MEASURED
    assert result.report.test.best is None
    assert any("no test rows" in warning for warning in result.report.warnings)


def test_the_report_reads_back_from_the_artifact_s_file(bench: Bench) -> None:
    result, _ = bench.run(WORLD.snapshot())
    loaded = from_json(result.artifact.to_json())
    assert Report.from_dict(loaded.report) == result.report
    assert loaded.digest == result.artifact.digest
    assert loaded.provenance["snapshot"] == WORLD.snapshot().digest


def test_a_verbatim_prompt_can_be_the_baseline(bench: Bench) -> None:
    prompt = VerbatimPrompt(
        messages=(Message(role="user", content="Judge. {{output}} Respond with `verdict`."),)
    )
    result, model = bench.run(WORLD.snapshot(), prompt=prompt)
    assert result.trials[0].candidate.verbatim == prompt
    assert model.requests[0].messages[0].content.startswith("Judge. Re ")


def test_too_few_labels_are_refused_unless_forced(bench: Bench) -> None:
    small = JudgeWorld(train=10, dev=16, test=10)
    with pytest.raises(NotEnoughLabels) as refusal:
        bench.run(small.snapshot())
    assert refusal.value.missing == {"labels": 14}
    result, _ = bench.run(small.snapshot(), force=True)
    assert any(warning.startswith("forced:") for warning in result.report.warnings)


def test_a_budget_without_room_for_baseline_and_final_test_is_refused_before_any_call(bench: Bench) -> None:
    with pytest.raises(BudgetTooSmall, match="at least 104") as refusal:  # 24 dev + 2 x 40 test
        bench.run(WORLD.snapshot(), budget=Budget(max_calls=103))
    assert refusal.value.needed_calls == 104


@pytest.mark.parametrize("budget", [Budget(max_tokens=10_000), Budget(max_cost_usd=0.0001)])
def test_a_budget_that_the_least_prompts_exceed_is_refused_before_any_call(
    bench: Bench, budget: Budget
) -> None:
    with pytest.raises(BudgetTooSmall, match="must be above"):
        bench.run(WORLD.snapshot(), budget=budget, model=ModelRef(name="openai/gpt-4o"), before=no_call)


def test_the_smallest_budget_still_ends_with_a_report(bench: Bench) -> None:
    result, model = bench.run(WORLD.snapshot(), budget=Budget(max_calls=104))
    assert model.calls <= 104
    assert result.report.test.best is not None


@pytest.mark.parametrize(
    "strategy", ["joint", "bootstrap_fewshot", "instruction_search", "mipro", "gepa", "criteria"]
)
def test_a_search_that_the_budget_ended_is_reported_as_that(bench: Bench, strategy: str) -> None:
    tight, _ = bench.run(WORLD.snapshot(), strategy=strategy, budget=Budget(max_calls=200))
    assert any("the budget ended the search" in warning for warning in tight.report.warnings)


def test_a_search_that_ended_by_itself_does_not_blame_the_budget(bench: Bench) -> None:
    whole, _ = bench.run(WORLD.snapshot(), options={"trials": 2})
    assert not any("budget" in warning for warning in whole.report.warnings)


@pytest.mark.parametrize("tokens", [60_000, 70_000, 80_000, 90_000])
def test_the_final_test_is_held_however_long_the_winner_s_prompt_is(bench: Bench, tokens: int) -> None:
    result, _ = bench.run(WORLD.snapshot(), budget=Budget(max_tokens=tokens))
    assert result.report.test.best is not None
    assert result.report.test.best.n == 40


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategy": "alchemy"}, "strategy must be one of"),
        ({"options": {"trails": 3}}, "has no option 'trails'"),
        ({"options": {"trials": 0}}, "trials must be"),
    ],
)
def test_what_cannot_work_is_refused_before_any_call(
    bench: Bench, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidInput, match=message):
        bench.run(WORLD.snapshot(), before=no_call, **changes)


def no_call(number: int) -> None:
    raise AssertionError(f"call {number} was made")


def test_a_wrong_key_ends_the_run_at_once(bench: Bench) -> None:
    calls: list[int] = []

    def refuse(number: int) -> None:
        calls.append(number)
        raise AuthenticationFailed("no such key")

    with pytest.raises(AuthenticationFailed):
        bench.run(WORLD.snapshot(), before=refuse)
    assert calls == [1]


def test_an_error_from_within_dspy_s_own_calls_leaves_the_run_as_itself(bench: Bench) -> None:
    control = RunControl()
    control.fail(AuthenticationFailed("no such key"))
    with pytest.raises(AuthenticationFailed, match="no such key"):
        bench.run(WORLD.snapshot(), control=control)


def test_a_cancelled_run_says_so_and_a_second_start_pays_for_the_rest_alone(bench: Bench) -> None:
    control = RunControl()
    with pytest.raises(RunCancelled):
        bench.run(WORLD.snapshot(), control=control, before=lambda n: control.cancel() if n == 60 else None)
    resumed, model = bench.run(WORLD.snapshot())
    assert resumed.report.spend.calls - model.calls >= 55  # at most a few were in flight
    clean, _ = bench.run(WORLD.snapshot(), run_id="run-3")
    assert clean.artifact.digest == resumed.artifact.digest


def test_another_seed_is_another_search_on_the_same_rows(bench: Bench) -> None:
    first, _ = bench.run(WORLD.snapshot())
    second, _ = bench.run(WORLD.snapshot(), seed=1)
    assert [t.candidate.id for t in first.trials] != [t.candidate.id for t in second.trials]
    assert first.report.test.baseline == second.report.test.baseline


def test_one_class_in_test_leaves_the_gain_unmeasured_and_says_why(bench: Bench) -> None:
    snapshot = WORLD.snapshot()
    bad = [row for row in snapshot.part(Part.TEST) if row.label is Label.FAIL]
    one_class = with_parts(snapshot, {row.id: Part.TRAIN for row in bad})
    result, _ = bench.run(one_class, lambda _: '{"rationale": "r", "verdict": "pass"}')
    assert result.report.conclusion in {Conclusion.NOT_MEASURED, Conclusion.NOT_SHOWN}
    assert result.report.test.best is not None
    assert result.report.test.best.kappa.undefined == "all rows are labelled pass and judged the same"
    assert any("test part has only 0 rows labelled fail" in warning for warning in result.report.warnings)


# --- observers, decoding ----------------------------------------------------------------------------


class Watcher:
    def __init__(self) -> None:
        self.trials: list[int] = []
        self.phases: list[str] = []

    def trial(self, trial: Trial) -> None:
        self.trials.append(trial.number)

    def progress(self, phase: str, done: int, total: int, usage: Usage) -> None:
        assert done <= total
        self.phases.append(phase)


class Broken:
    def trial(self, _: Trial) -> None:
        raise OSError("disk full")

    def progress(self, *_: object) -> None:
        raise OSError("disk full")


def test_observers_are_told_everything_and_a_broken_one_stops_nothing(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = Watcher()
    result, _ = bench.run(WORLD.snapshot(), observer=Observers(Broken(), watcher))
    assert watcher.trials == [trial.number for trial in result.trials]
    assert list(dict.fromkeys(watcher.phases)) == ["baseline", "search", "test"]
    assert "observer Broken failed" in caplog.text


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("openai/o3-mini", True),
        ("openai/gpt-5.1", True),
        ("azure/gpt-5-nano", True),
        ("openai/gpt-5-chat-latest", False),
        ("openai/gpt-4o-mini", False),
        ("ollama_chat/llama3", False),
        ("offline", False),
    ],
)
def test_reasoning_models_get_no_temperature_and_room_to_think(name: str, reasons: bool) -> None:
    decoding = judge_decoding(ModelRef(name=name))
    assert (decoding.temperature, decoding.max_tokens) == ((None, 16_000) if reasons else (0.0, 1_024))


def test_a_spec_with_two_baselines_is_refused() -> None:
    with pytest.raises(InvalidInput, match="got both"):
        replace(SPEC, instruction="x", prompt=VerbatimPrompt(messages=()))
