"""The twelve runs that chaos must not change: what they are, what they come to, and how their caps hold."""

from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from experiments.standin import StandIn
from service.composition import open_ledger
from tests.acceptance.conftest import Site

Run = dict[str, Any]

STRATEGIES = ("joint", "bootstrap_fewshot", "instruction_search", "mipro", "gepa")
RUNS = 12
SHARED = 0
"""The provider of all runs without a cap: they share what they ask."""
PROVIDERS = 5


class Cap(Enum):
    """Whether a run has a spend cap, and whether that stops it on its way."""

    NONE = "none"
    SUFFICES = "suffices"
    STOPS = "stops"


@dataclass(frozen=True, kw_only=True)
class PlannedRun:
    """A run to be. One with a cap has a provider of its own, whose log shows what was paid for it."""

    strategy: str
    seed: int
    max_calls: int
    cap: Cap
    provider: int

    def start(self, site: Site, **options: Any) -> str:
        """On a dataset of its own: a report says how often its test rows were read before."""
        body = site.simulated(
            site.upload(),
            strategy=self.strategy,
            seed=self.seed,
            budget={"max_calls": self.max_calls},
            api_base=site.providers[self.provider].api_base,
        )
        return site.start(**body | options)


def planned() -> list[PlannedRun]:
    """The strategies in turn; the first four runs have a cap."""
    caps = (Cap.SUFFICES, Cap.STOPS, Cap.STOPS, Cap.SUFFICES)
    return [
        PlannedRun(
            strategy=STRATEGIES[n % len(STRATEGIES)],
            seed=11 + n,
            max_calls=170 + 10 * (n // len(STRATEGIES)),
            cap=caps[n] if n < len(caps) else Cap.NONE,
            provider=n + 1 if n < len(caps) else SHARED,
        )
        for n in range(RUNS)
    ]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the runs came to, in their order, and how often each question arrived at each provider."""

    runs: Sequence[Run]
    asked: Sequence[Counter[str]]

    @property
    def calls(self) -> int:
        """All calls that arrived."""
        return sum(questions.total() for questions in self.asked)


def outcome(site: Site, runs: Sequence[Run]) -> Outcome:
    """What is there once `runs` have ended."""
    return Outcome(runs=runs, asked=[_asked(provider) for provider in site.providers])


def _asked(provider: StandIn) -> Counter[str]:
    """Also what was answered to nobody, since its worker was dead: a provider may charge for it."""
    return Counter(call.body_hash for call in provider.log)


@dataclass(kw_only=True)
class CappedRun:
    """A run under way whose cap must hold whatever happens. One that its cap has stopped, with so many
    calls charged as `stopped_at` says, goes on with a cap that suffices."""

    site: Site
    run_id: str
    provider: StandIn
    cap: int
    enough: int
    stopped_at: list[int] = field(default_factory=list)

    def look(self) -> None:
        assert self.provider.received <= self.cap
        if self.cap == self.enough or self.site.get(f"/runs/{self.run_id}")["status"] != "paused":
            return
        run = self.site.get(f"/runs/{self.run_id}")
        assert run["pause_reason"] == "spend_cap", run
        self.stopped_at.append(self.charged)
        assert self.provider.received <= self.charged <= self.cap
        self.cap = self.enough
        self.site.post(f"/runs/{self.run_id}/resume", {"spend_cap": {"max_calls": self.enough}})

    @property
    def charged(self) -> int:
        """The calls that its account shows, those of unknown outcome among them."""
        with closing(open_ledger(self.site.settings)) as ledger:
            return ledger.spend.total_now(self.run_id).calls


def start(site: Site, undisturbed: Outcome, lost: int) -> tuple[Sequence[str], Sequence[CappedRun]]:
    """Start the planned runs: their ids, and those that have a cap.

    A cap that suffices has room for what the run asks undisturbed, and for `lost` calls in vain.
    """
    ids, capped = [], []
    for run in planned():
        if run.cap is Cap.NONE:
            ids.append(run.start(site))
            continue
        calls = undisturbed.asked[run.provider].total()
        enough = calls + lost
        cap = calls // 2 if run.cap is Cap.STOPS else enough
        ids.append(run.start(site, spend_cap={"max_calls": cap}))
        provider = site.providers[run.provider]
        capped.append(CappedRun(site=site, run_id=ids[-1], provider=provider, cap=cap, enough=enough))
    return ids, capped
