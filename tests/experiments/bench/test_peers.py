"""Each peer finds a judge on a small world, and what it does is seen at the model's address."""

from pathlib import Path

import pytest

from experiments.bench.peers.concord import without_test
from experiments.bench.peers.registry import peers
from experiments.bench.task import Found, Task
from experiments.standin import StandIn
from experiments.standin.rows import WorldRow
from experiments.standin.worlds import Judgement, Prompt, Proposal
from experiments.worlds import SimulatedJudge
from optimizers.strategies.registry import names
from optimizers.types import Label, ModelRef, Part

SEARCHING = ("mipro_light", "reanchor", "instruction_search")


class Watched:
    """A world that writes down which rows it was asked about or shown."""

    def __init__(self, world: SimulatedJudge) -> None:
        self._world = world
        self.rows = world.rows
        self.seen: set[str] = set()

    def judge(self, row: WorldRow, prompt: Prompt) -> Judgement:
        self.seen |= {row.id, *(other.id for other in prompt.shown)}
        return self._world.judge(row, prompt)

    def propose(self, text: str, shown: tuple[WorldRow, ...]) -> Proposal:
        self.seen |= {row.id for row in shown}
        return self._world.propose(text, shown)


def task_of(world: SimulatedJudge, server: StandIn, folder: Path, calls: int = 200) -> Task:
    model = ModelRef(name="openai/simulated", api_base=server.api_base)
    return Task(
        snapshot=world.file.snapshot,
        model=model,
        proposer=model,
        seed=1,
        folder=folder,
        keys=lambda _: "none",
        calls=calls,
        simulated=True,
    )


def verdicts_of(world: SimulatedJudge, found: Found) -> list[Label | None]:
    return list(found([row.example for row in world.file.snapshot.part(Part.TEST)]))


@pytest.mark.parametrize("name", ["baseline", "labeled_fewshot_8"])
def test_a_peer_without_a_search_asks_nothing_before_the_test(
    name: str, world: SimulatedJudge, tmp_path: Path
) -> None:
    with StandIn(world, varied=True) as server:
        found = peers()[name].find(task_of(world, server, tmp_path))
        assert not server.calls
        said = verdicts_of(world, found)
        assert len(server.calls) == len(said)
    assert {Label.PASS, Label.FAIL} <= set(said)


@pytest.mark.parametrize("name", [*SEARCHING, "mlflow_alignment"])
def test_a_search_never_sees_a_test_row(name: str, world: SimulatedJudge, tmp_path: Path) -> None:
    watched = Watched(world)
    test = {row.id for row in world.file.snapshot.part(Part.TEST)}
    with StandIn(watched, varied=True) as server:
        found = peers()[name].find(task_of(world, server, tmp_path))
        assert watched.seen
        assert watched.seen.isdisjoint(test)
        assert server.calls
        said = verdicts_of(world, found)
    assert len(said) == len(test)
    assert Label.FAIL in said


def test_gepa_is_told_what_people_say_and_proposes(world: SimulatedJudge, tmp_path: Path) -> None:
    with StandIn(world, varied=True) as server:
        peers()["dspy_gepa"].find(task_of(world, server, tmp_path, calls=150))
        roles = [call.role for call in server.calls]
    assert roles.count("proposer") >= 2
    assert roles.count("judge") >= 100


def test_a_budget_holds_for_our_own_strategies(world: SimulatedJudge, tmp_path: Path) -> None:
    with StandIn(world, varied=True) as server:
        peers()["instruction_search"].find(task_of(world, server, tmp_path, calls=120))
        assert 30 <= len(server.calls) <= 120


def test_a_search_of_ours_gets_no_test_rows(world: SimulatedJudge) -> None:
    left = without_test(world.file.snapshot)
    assert not left.part(Part.TEST)
    assert left.part(Part.DEV) == world.file.snapshot.part(Part.DEV)
    assert left.part(Part.TRAIN) == world.file.snapshot.part(Part.TRAIN)


def test_every_strategy_of_the_registry_is_a_peer() -> None:
    assert set(names()) <= set(peers())
    assert all(peers()[name].least_calls for name in names())
