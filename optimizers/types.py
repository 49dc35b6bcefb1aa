"""The values of the domain: frozen, keyword-only, free of any framework."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields, replace
from enum import StrEnum
from typing import Literal

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_json(value: object) -> str:
    """JSON with sorted keys and no spaces: one text for one value, fit for hashing."""
    return _CANONICAL.encode(value)


def digest(value: object) -> str:
    """SHA-256 (hex) of the canonical JSON of `value`."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


class Label(StrEnum):
    """A person's or a judge's decision. *Fail* is the positive class of every metric."""

    PASS = "pass"
    FAIL = "fail"


class Part(StrEnum):
    """The part of a dataset that a row belongs to, for good."""

    TRAIN = "train"
    DEV = "dev"
    TEST = "test"


@dataclass(frozen=True, kw_only=True, slots=True)
class Example:
    """One row as a judge sees it. It holds no label, so none can leak.

    `group` ties rows that must stay in one part; without one, rows of the same input are a group.
    """

    id: str
    input: str
    output: str
    group: str | None = None

    @property
    def group_key(self) -> str:
        """The named group, or a hash of the input."""
        if self.group is not None:
            return f"group:{self.group}"
        return "input:" + hashlib.sha256(self.input.encode("utf-8", "surrogatepass")).hexdigest()


@dataclass(frozen=True, kw_only=True, slots=True)
class Annotation:
    """One person's label on one example."""

    annotator: str
    label: Label
    critique: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledExample:
    """An example with the label that counts, and who said what.

    `picked_by` is why the row was labelled: `given`, `order`, `random`, or the name of a sampler. Rows
    picked by what judges say of them, such as `disagreement`, stay out of test.
    """

    example: Example
    label: Label
    critique: str | None = None
    annotations: tuple[Annotation, ...] = ()
    picked_by: str = "given"

    @property
    def id(self) -> str:
        """The example's id."""
        return self.example.id


# --- what a model is asked, and answers ---------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelRef:
    """A model by the name that DSPy uses (`openai/gpt-4o-mini`, `offline`) and where it is served."""

    name: str
    api_base: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One chat message."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoding:
    """Sampling settings. `None` leaves a setting to the provider.

    `response_format` is canonical JSON text (`{"type": "json_object"}` or a JSON schema form);
    text, since a request is hashed.
    """

    temperature: float | None = 0.0
    max_tokens: int | None = 1024
    top_p: float | None = None
    seed: int | None = None
    stop: tuple[str, ...] = ()
    response_format: str | None = None
    logprobs: int | None = None
    reasoning_effort: str | None = None


_DECODING_FIELDS = tuple(f.name for f in fields(Decoding))


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelRequest:
    """Everything that can change a model's answer, and nothing else (no credential)."""

    model: ModelRef
    messages: tuple[Message, ...]
    decoding: Decoding = Decoding()
    sample: int = 0
    _key: str = field(default="", init=False, repr=False, compare=False)

    @property
    def key(self) -> str:
        """The ledger's key: SHA-256 of the canonical JSON of the whole request.

        It is wanted several times on a request's way, so it is computed once.
        """
        if not self._key:
            object.__setattr__(self, "_key", self._hashed())
        return self._key

    def _hashed(self) -> str:
        # Field by field, in their order: `asdict` would take most of a judgement's time.
        decoding = [getattr(self.decoding, name) for name in _DECODING_FIELDS]
        messages = [(message.role, message.content) for message in self.messages]
        return digest([self.model.name, self.model.api_base, messages, decoding, self.sample])


@dataclass(frozen=True, kw_only=True, slots=True)
class Usage:
    """What calls took. Adds up with `+`.

    `calls` are logical calls, `cached_calls` those of them that the ledger answered for nothing.
    `cost_usd` is the recorded price, whoever paid it; `None` where a price is unknown.
    """

    calls: int = 0
    cached_calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = 0.0
    latency_ms: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        known = self.cost_usd is not None and other.cost_usd is not None
        return Usage(
            calls=self.calls + other.calls,
            cached_calls=self.cached_calls + other.cached_calls,
            prompt_tokens=self.prompt_tokens + other.prompt_tokens,
            completion_tokens=self.completion_tokens + other.completion_tokens,
            cost_usd=(self.cost_usd or 0.0) + (other.cost_usd or 0.0) if known else None,
            latency_ms=self.latency_ms + other.latency_ms,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelAnswer:
    """What a model said. `finish_reason` is `stop`, `length`, `refusal`, `content_filter` or `other`.

    `rejected` holds the provider's words where it will never answer this request; `text` is then
    empty. `created_at` is a POSIX time in seconds. `cached` is true when the ledger answered.
    """

    text: str
    finish_reason: str = "stop"
    rejected: str | None = None
    prompt_tokens: int = 0
    completion_tokens: int = 0
    cost_usd: float | None = None
    latency_ms: float = 0.0
    logprobs: tuple[tuple[str, float], ...] | None = None
    created_at: float = 0.0
    cached: bool = False

    @property
    def usage(self) -> Usage:
        """This one logical call."""
        return Usage(
            calls=1,
            cached_calls=int(self.cached),
            prompt_tokens=self.prompt_tokens,
            completion_tokens=self.completion_tokens,
            cost_usd=self.cost_usd,
            latency_ms=self.latency_ms,
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """Steers the search and is part of the run. `None` sets no limit.

    Every logical call counts at its recorded price, whether the ledger had it or not, so that a
    repeat is the same run.
    """

    max_calls: int | None = None
    max_tokens: int | None = None
    max_cost_usd: float | None = None


# --- candidates and verdicts ----------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Demonstration:
    """A solved example shown in the prompt. `example_id` names the train row that it came from."""

    example_id: str
    input: str
    output: str
    label: Label
    rationale: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class DecisionRule:
    """How an answer becomes a verdict.

    Without `threshold` the verdict that the model wrote counts. With one (in [0, 1]) an answer
    fails if its probability of fail is at or above it.
    """

    threshold: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class VerbatimPrompt:
    """A user's own prompt, sent as it is, and how to read its verdict.

    `messages` contain the placeholders `{{input}}` and `{{output}}`. The answer is read as JSON
    with `field`, or, where `pattern` is given, by the first group of that regular expression.
    `pass_value` and `fail_value` are compared without regard to case.
    """

    messages: tuple[Message, ...]
    field: str = "verdict"
    pattern: str | None = None
    pass_value: str = "pass"
    fail_value: str = "fail"


class AssertionKind(StrEnum):
    """Who sees whether an output keeps to a criterion."""

    PROMPT = "prompt"
    """A small judge of its own: the model, asked about one criterion."""
    CHECK = "check"
    """An expression over the row's texts (`optimizers.checks`). It costs no call."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Assertion:
    """One way to see whether an output keeps to one criterion.

    `criterion` is the criterion's text, `text` the instruction of a prompt or the expression of a check.
    `reasoning` and `probability` are a prompt's, as in `Candidate`. `id` is its name where it is kept,
    and no part of what it is.
    """

    id: str
    criterion: str
    kind: AssertionKind
    text: str
    reasoning: bool = True
    probability: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Combination:
    """How the verdicts of a set of assertions become one.

    Without `weights` a row fails if any assertion fails it. With them, one for each assertion, it fails
    if `bias` and the weighted evidence of all come to more than 0. Evidence is the log-odds of fail that
    `optimizers.odds` reads from an outcome, above 0 where the assertion fails the row.
    """

    weights: tuple[float, ...] = ()
    bias: float = 0.0


ANY_FAIL = Combination()


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """A judge under trial: what distinguishes its prompt from another's.

    Either `instruction` with `demonstrations`, rendered by the DSPy judge, or a `verbatim` prompt, or a
    set of `assertions`, whose verdicts `combination` makes into one (see `optimizers.sets`).
    `probability` asks the model for a probability of fail beside its verdict. The `decision` of a set
    says how its prompts' answers are read where any fail decides.
    """

    instruction: str = ""
    demonstrations: tuple[Demonstration, ...] = ()
    reasoning: bool = True
    probability: bool = False
    decision: DecisionRule = DecisionRule()
    verbatim: VerbatimPrompt | None = None
    assertions: tuple[Assertion, ...] = ()
    combination: Combination = ANY_FAIL

    @property
    def id(self) -> str:
        """Content address: 16 hex digits, the same for the same prompt and rule."""
        return digest(unnamed(self.to_plain()))[:16]

    @property
    def calls_per_row(self) -> int:
        """How many calls a verdict takes at most."""
        if not self.assertions:
            return 1
        return sum(assertion.kind is AssertionKind.PROMPT for assertion in self.assertions)

    def to_plain(self) -> dict[str, object]:
        """Its fields as plain values. A judge that is no set has none of a set's, so that what was hashed
        before there were sets keeps its hash."""
        plain = asdict(self)
        if not self.assertions:
            del plain["assertions"], plain["combination"]
        return plain

    def with_(self, **changes: object) -> "Candidate":
        """A copy with the named fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]  # field names are the caller's


def unnamed(candidate: Mapping[str, object]) -> dict[str, object]:
    """A candidate's plain values without the names of its assertions: what identifies it."""
    assertions = candidate.get("assertions")
    if not isinstance(assertions, list | tuple):
        return dict(candidate)
    bare = [{name: value for name, value in each.items() if name != "id"} for each in assertions]
    return {**candidate, "assertions": bare}


class FailureKind(StrEnum):
    """Why there is no verdict. All but the last are a third category beside pass and fail; a
    `provider` failure is not an outcome of the judge at all."""

    UNPARSEABLE = "unparseable"
    REFUSED = "refused"
    CHECK = "check"
    """A code check had an error, or took too much time or memory."""
    PROVIDER = "provider"


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A judge's decision on one example. `fail_probability` is in [0, 1] where the judge gives one."""

    label: Label
    fail_probability: float | None = None
    rationale: str | None = None
    usage: Usage = field(default=Usage(), compare=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """No decision. It never agrees with a label and is never a score."""

    kind: FailureKind
    message: str
    answer: str | None = None
    usage: Usage = field(default=Usage(), compare=False)


Outcome = Verdict | Failure


@dataclass(frozen=True, kw_only=True, slots=True)
class Evaluation:
    """One candidate over many examples: outcomes by example id, in the order of the rows."""

    candidate_id: str
    outcomes: Mapping[str, Outcome]
    usage: Usage = field(default=Usage(), compare=False)

    def judged(self, example_ids: Sequence[str]) -> tuple[Label | None, ...]:
        """The labels given to `example_ids`, `None` where there is no verdict."""
        found = (self.outcomes[i] for i in example_ids)
        return tuple(o.label if isinstance(o, Verdict) else None for o in found)


# --- runs -------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True, slots=True)
class Split:
    """Every row's part, by example id."""

    parts: Mapping[str, Part]

    def rows(self, part: Part, examples: Sequence[LabelledExample]) -> tuple[LabelledExample, ...]:
        """The examples of one part, sorted by id (never by arrival)."""
        return tuple(sorted((e for e in examples if self.parts[e.id] == part), key=lambda e: e.id))


@dataclass(frozen=True, kw_only=True, slots=True)
class Snapshot:
    """A dataset's immutable state: what a run is tied to.

    `rows` are the labelled examples, sorted by id; `split` names the part of each.
    """

    dataset_id: str
    name: str
    criterion: str
    rows: tuple[LabelledExample, ...]
    split: Split

    @property
    def digest(self) -> str:
        """SHA-256 over criterion, rows with their labels and critiques, and parts."""
        rows = [asdict(row) | {"part": self.split.parts[row.id]} for row in self.rows]
        return digest({"criterion": self.criterion, "rows": rows})

    def part(self, part: Part) -> tuple[LabelledExample, ...]:
        """The rows of one part."""
        return self.split.rows(part, self.rows)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trial:
    """One candidate, measured on dev.

    `number` counts from 0 (the baseline). `kappa` is `None` where it is undefined.
    `complete` is false when a race dropped the candidate before it saw all dev rows.
    """

    number: int
    candidate: Candidate
    evaluation: Evaluation
    kappa: float | None
    complete: bool = True
    parent_id: str | None = None
    origin: str = ""
    usage: Usage = field(default=Usage(), compare=False)
