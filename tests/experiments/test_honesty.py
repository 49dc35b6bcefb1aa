"""Does a report say `improved` when it should, and only then? On simulated worlds."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from experiments.runner import run_optimization
from experiments.spec import RunSpec
from experiments.standin import CRITERION, KnownBetterPrompt, NullWorld, StandIn, World, make_rows
from experiments.standin.chat import read_request
from experiments.standin.dialogue import Dialogue
from optimizers.lm.gateway import Gateway
from optimizers.lm.ledger import SqliteLedger
from optimizers.lm.loop import BackgroundLoop
from optimizers.lm.transports import Routes
from optimizers.report import Conclusion, Report
from optimizers.splits import Fractions, assign_parts, row_key
from optimizers.testing import ScriptedModel
from optimizers.types import Budget, ModelRef, ModelRequest, Snapshot, Split

SEARCHES = ("bootstrap_fewshot", "instruction_search")


@pytest.fixture(scope="module")
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as running:
        yield running


def snapshot_of(world: World) -> Snapshot:
    rows = tuple(sorted((row.labelled for row in world.rows), key=lambda row: row.id))
    split = Split(parts=assign_parts(map(row_key, rows), Fractions()))
    return Snapshot(dataset_id="world", name="world", criterion=CRITERION, rows=rows, split=split)


def in_process(world: World) -> ScriptedModel:
    """The world without a socket between: a hundred runs should not wait for loopback."""
    dialogue = Dialogue(world)

    def answer(request: ModelRequest) -> str:
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        return dialogue.answer(read_request({"messages": messages}))[1]

    return ScriptedModel(answer)


def always(model: ScriptedModel) -> Callable[[ModelRef], ScriptedModel]:
    return lambda _: model


def report_on(world: World, gateway: Gateway, loop: BackgroundLoop, **spec: object) -> Report:
    settings: dict[str, object] = {
        "run_id": "honest",
        "strategy": SEARCHES[0],
        "model": ModelRef(name="openai/simulated"),
        "budget": Budget(max_calls=400),
        "simulated": True,
    }
    return run_optimization(RunSpec(**settings | spec), snapshot_of(world), gateway, loop).report  # type: ignore[arg-type]


@pytest.mark.timeout(600)
def test_on_a_null_world_at_most_five_reports_in_a_hundred_say_improved(
    tmp_path: Path, loop: BackgroundLoop
) -> None:
    improved = []
    for seed in range(100):
        world = NullWorld(make_rows(seed=seed, rows=120), seed=seed)
        ledger = SqliteLedger(tmp_path / f"{seed}.db")
        gateway = Gateway(ledger, always(in_process(world)))
        report = report_on(world, gateway, loop, seed=seed, strategy=SEARCHES[seed % 2])
        ledger.close()
        if report.conclusion is Conclusion.IMPROVED:
            improved.append(seed)
    assert len(improved) <= 5, improved


@pytest.mark.parametrize("strategy", SEARCHES)
def test_on_a_world_with_a_known_better_prompt_the_report_says_improved(
    tmp_path: Path, loop: BackgroundLoop, strategy: str
) -> None:
    world = KnownBetterPrompt(make_rows(seed=1, rows=240))
    ledger = SqliteLedger(tmp_path / "ledger.db")
    with StandIn(world) as server:
        gateway = Gateway(ledger, Routes({"OPENAI_API_KEY": "any"}))
        model = ModelRef(name="openai/simulated", api_base=server.api_base)
        report = report_on(
            world, gateway, loop, strategy=strategy, model=model, budget=Budget(max_calls=1200)
        )
    ledger.close()
    assert report.conclusion is Conclusion.IMPROVED
    assert report.test.gain is not None
    assert report.test.gain.low is not None
    assert report.test.gain.low > 0
