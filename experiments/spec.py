"""What a run is asked to do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from optimizers.errors import InvalidInput
from optimizers.lm.pricing import OFFLINE
from optimizers.lm.reasoning import LEAST_COMPLETION_TOKENS, thinks_first
from optimizers.report import Provenance
from optimizers.types import Assertion, Budget, Candidate, Decoding, ModelRef, VerbatimPrompt


@dataclass(frozen=True, kw_only=True)
class EarlierRun:
    """A run that has ended, and the judge that it chose.

    `snapshot` is the digest of what it learned from, where its rows may be in other parts now; `None`
    where parts never change.
    """

    run_id: str
    candidate: Candidate
    snapshot: str | None = None


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """One optimization run. The baseline is `prompt` (verbatim) or `instruction`, or, with neither,
    the judge's own plain instruction.

    `options` are keyword arguments of the strategy. `decoding` is the judge's; `None` takes what
    suits the model. `max_age_s` bounds the age in seconds of answers taken from the ledger; 0 asks
    everything anew. `test_readings` is how often earlier runs have read this dataset's test rows;
    -1 where nobody keeps count.
    `simulated` marks a run on a stand-in's simulated world. `earlier` are runs whose winners the search
    starts from, the latest first; strategies that do not carry anything over ignore them. `assertions` are
    those that people keep for the dataset, for strategies that choose among assertions.

    Raises:
        InvalidInput: both `prompt` and `instruction` are given, or a number is out of range.
    """

    run_id: str
    strategy: str
    model: ModelRef
    proposer_model: ModelRef | None = None
    instruction: str | None = None
    prompt: VerbatimPrompt | None = None
    seed: int = 0
    budget: Budget = field(default_factory=Budget)
    spend_cap: Budget | None = None
    force: bool = False
    options: Mapping[str, object] = field(default_factory=dict)
    decoding: Decoding | None = None
    max_age_s: float | None = None
    max_in_flight: int = 32
    test_readings: int = 0
    simulated: bool = False
    earlier: tuple[EarlierRun, ...] = ()
    assertions: tuple[Assertion, ...] = ()

    def __post_init__(self) -> None:
        if self.prompt is not None and self.instruction is not None:
            raise InvalidInput("the baseline is either a prompt or an instruction, got both")
        if self.seed < 0:
            raise InvalidInput(f"seed must be 0 or more, got {self.seed}")
        if self.max_in_flight < 1:
            raise InvalidInput(f"max_in_flight must be 1 or more, got {self.max_in_flight}")

    @property
    def proposer(self) -> ModelRef:
        """The model that writes proposals: the judge's own unless another is named."""
        return self.proposer_model or self.model

    @property
    def provenance(self) -> Provenance:
        """Whose verdicts these are."""
        if self.model.name == OFFLINE:
            return Provenance.DEMONSTRATION
        return Provenance.SIMULATED if self.simulated else Provenance.MODEL

    def configuration(self) -> dict[str, object]:
        """All that can change the run's result, as plain values: two runs of one snapshot with equal
        configurations and ledgers are the same run.

        Earlier runs are named in `earlier_runs`, without what they found: their names stand for that.
        The key is left out where there are none, so that a run that starts afresh has the digest that
        it had before runs could start otherwise, and finds what it has paid for. So is that of assertions.
        """
        result = asdict(self)
        for name in ("run_id", "spend_cap", "max_in_flight", "test_readings", "max_age_s", "earlier"):
            del result[name]
        if self.earlier:
            result["earlier_runs"] = [run.run_id for run in self.earlier]
        if not self.assertions:
            del result["assertions"]
        return result


def judge_decoding(model: ModelRef) -> Decoding:
    """What suits a judge: temperature 0, where the model takes one."""
    return _thinking() if thinks_first(model.name) else Decoding()


def proposer_decoding(model: ModelRef) -> Decoding:
    """What suits a proposer: variety, and room to write."""
    return _thinking() if thinks_first(model.name) else Decoding(temperature=1.0, max_tokens=4_096)


def _thinking() -> Decoding:
    """For a model that takes no temperature and counts its thoughts as output."""
    return Decoding(temperature=None, max_tokens=LEAST_COMPLETION_TOKENS)
