"""The narrow interfaces between the rooms of the core. Each plug-in implements one of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from optimizers.types import (
    Assertion,
    Candidate,
    Example,
    LabelledExample,
    ModelAnswer,
    ModelRef,
    ModelRequest,
    Outcome,
    Trial,
    Usage,
)

if TYPE_CHECKING:
    from optimizers.workbench import Workbench


class Transport(Protocol):
    """Sends one request to one provider, once: no cache, no retry, no limit."""

    async def complete(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request`.

        Raises: AuthenticationFailed, ModelNotFound, RequestRejected, ProviderUnavailable.
        """
        ...

    async def aclose(self) -> None:
        """Release connections."""
        ...


class LanguageModel(Protocol):
    """Whoever answers requests: the whole gateway as a run sees it, or a scripted model in a test."""

    async def ask(self, request: ModelRequest) -> ModelAnswer:
        """Answer `request`; a rejected request is an answer with `rejected` set.

        Raises: AuthenticationFailed, ModelNotFound, ProviderUnavailable (after all retries), and
        the RunStopped family.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to ask one request, until `expires_at` (POSIX seconds)."""

    key: str
    holder: str
    expires_at: float


class Ledger(Protocol):
    """Paid answers, each committed once under its request's key. Shared by all who pay together."""

    async def lookup(self, keys: Sequence[str], *, max_age_s: float | None = None) -> dict[str, ModelAnswer]:
        """The committed answers among `keys`, not older than `max_age_s`; one trip for all."""
        ...

    async def claim(
        self, request: ModelRequest, *, holder: str, lease_s: float, max_age_s: float | None = None
    ) -> Claim | ModelAnswer | None:
        """The committed answer; or a claim; or `None` while somebody else holds a live claim. An answer
        older than `max_age_s` does not count."""
        ...

    async def commit(
        self, request: ModelRequest, answer: ModelAnswer, *, max_age_s: float | None = None
    ) -> ModelAnswer:
        """Store `answer` unless one is there already that is not older than `max_age_s`; return the one
        that counts. A late answer, whose claim has run out, is kept too."""
        ...

    async def release(self, claim: Claim) -> None:
        """Give a claim back unanswered."""
        ...

    async def renew(self, keys: Sequence[str], *, holder: str, lease_s: float) -> None:
        """Extend those claims on `keys` that `holder` still has."""
        ...


class RateLimit(Protocol):
    """What providers allow in a minute. Shared by all who pay together."""

    def lane(self, model: ModelRef) -> str | None:
        """What a call to `model` counts under; `None` where there is no limit."""
        ...

    async def acquire(self, lane: str, tokens: int) -> float:
        """Book one call of about `tokens` in `lane`; the seconds to wait before it is made.

        Raises: StorageFailed.
        """
        ...


class Judge(Protocol):
    """Decides one example."""

    async def judge(self, example: Example) -> Outcome:
        """A verdict, or a failure as a value."""
        ...


class Observer(Protocol):
    """Is told what a search does. It can neither change nor stop it."""

    def trial(self, trial: Trial) -> None:
        """A candidate has been measured."""
        ...

    def progress(self, phase: str, done: int, total: int, usage: Usage) -> None:
        """`done` of `total` judgements of `phase` (`baseline`, `search`, `test`) are there."""
        ...


@dataclass(frozen=True, kw_only=True)
class Problem:
    """What a strategy works on. Test rows are not in it.

    `earlier` are the winners of earlier runs on the dataset, the latest first; `assertions` are those
    that people keep for it.
    """

    criterion: str
    train: tuple[LabelledExample, ...]
    dev: tuple[LabelledExample, ...]
    baseline: Candidate
    seed: int
    earlier: tuple[Candidate, ...] = ()
    assertions: tuple[Assertion, ...] = ()


class Strategy(Protocol):
    """A way to find candidates. One file, one constructor that validates, one public method.

    It holds configuration only; `run` holds the state, so that one object can run twice, in two
    threads. All it does goes through the workbench: evaluation, proposals, chance, budget.
    """

    @property
    def name(self) -> str:
        """Its name in the registry."""
        ...

    def run(self, bench: "Workbench") -> None:
        """Search until done. The trials that the workbench recorded are the result; the choice
        among them is not the strategy's. `BudgetExhausted` may be left to pass through."""
        ...
