"""What a run will take, before anything is spent.

Prompts are rendered and measured, at four characters a token; how much a strategy will try is its own
`most_calls`, or its number of trials, or the budget where that is smaller. Real runs end earlier where
races drop candidates, so the numbers are an upper guess, not a promise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

from experiments.preflight import CHARS_PER_TOKEN, least_calls
from experiments.spec import RunSpec, judge_decoding
from optimizers.lm.pricing import OFFLINE, Pricing
from optimizers.protocols import Strategy
from optimizers.rendering import render
from optimizers.strategies.registry import create
from optimizers.template import PromptTemplate
from optimizers.types import Budget, Candidate, Label, LabelledExample, ModelRef, Part, Snapshot

ANSWER_TOKENS = 90
"""A short rationale and a verdict, with the JSON around them."""
THOUGHT_TOKENS = 800
"""What a reasoning model adds to an answer."""
SHOWN_ROWS = 4
"""Demonstrations in a typical candidate's prompt, beyond the baseline's, unless a strategy has its own
`shown_rows`."""
SECONDS_PER_CALL = 2.0
OFFLINE_SECONDS_PER_CALL = 0.005
DEFAULT_TRIALS = 30
"""For a strategy that has no number of trials of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RunEstimate:
    """Calls, tokens, dollars and minutes of a run if the ledger holds none of its answers.

    `needed_calls` is the least that `budget.max_calls` can be: the baseline on dev and the final test.
    `cost_usd` is `None` where the price of the model is unknown, and `cost_unknown` then says so.
    `rows` counts by part, `classes` by part and label. `limited_by` names the budget's limit that ends
    the search, if one does.
    """

    calls: int
    needed_calls: int
    prompt_tokens: int
    completion_tokens: int
    cost_usd: float | None
    cost_unknown: str | None
    minutes: float
    rows: dict[str, int]
    classes: dict[str, dict[str, int]]
    limited_by: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class _Judgement:
    """What one call takes on average."""

    prompt_tokens: float
    completion_tokens: float
    cost_usd: float | None


def estimate(spec: RunSpec, snapshot: Snapshot, pricing: Pricing | None = None) -> RunEstimate:
    """Estimate `spec` on `snapshot`. Nothing is asked and nothing is spent.

    Raises:
        InvalidInput: the strategy, an option or the baseline's prompt cannot work.
        PriceUnknown: a limit in dollars on a model without a known price.
    """
    pricing = pricing or Pricing()
    pricing.require({spec.model, spec.proposer}, spec.budget, spec.spend_cap)
    train, dev = snapshot.part(Part.TRAIN), snapshot.part(Part.DEV)
    needed = least_calls(snapshot)
    strategy = create(spec.strategy, spec.options)
    plain, shown = _judgements(spec, snapshot, pricing, getattr(strategy, "shown_rows", SHOWN_ROWS))
    wanted = _wanted(strategy, len(train), len(dev))
    searched, limited_by = _affordable(spec.budget, wanted, needed, plain, shown)
    calls = needed + searched
    cost = None
    if plain.cost_usd is not None and shown.cost_usd is not None:
        cost = needed * plain.cost_usd + searched * shown.cost_usd
    return RunEstimate(
        calls=calls,
        needed_calls=needed,
        prompt_tokens=round(needed * plain.prompt_tokens + searched * shown.prompt_tokens),
        completion_tokens=round(needed * plain.completion_tokens + searched * shown.completion_tokens),
        cost_usd=cost,
        cost_unknown=None if cost is not None else _price_unknown(spec.model),
        minutes=_seconds(spec, calls) / 60,
        rows={part.value: len(snapshot.part(part)) for part in Part},
        classes={part.value: _classes(snapshot.part(part)) for part in Part},
        limited_by=limited_by,
    )


def _classes(rows: Sequence[LabelledExample]) -> dict[str, int]:
    return {label.value: sum(row.label is label for row in rows) for label in Label}


def _price_unknown(model: ModelRef) -> str:
    where = f" at {model.api_base}" if model.api_base else ""
    return f"the price of {model.name}{where} is not known"


def _judgements(
    spec: RunSpec, snapshot: Snapshot, pricing: Pricing, shown_rows: int
) -> tuple[_Judgement, _Judgement]:
    """A judgement by the baseline, and one by a candidate that shows so many solved examples."""
    decoding = spec.decoding or judge_decoding(spec.model)
    baseline = Candidate(instruction=spec.instruction or "", verbatim=spec.prompt)
    template = render(baseline, snapshot.criterion, decoding)
    plain = _prompt_tokens(template, snapshot.rows)
    row = fmean(len(r.example.input) + len(r.example.output) for r in snapshot.rows) / CHARS_PER_TOKEN
    thoughts = THOUGHT_TOKENS if decoding.temperature is None else 0
    answer = float(ANSWER_TOKENS + thoughts)
    return (
        _judgement(plain, answer, spec.model, pricing),
        _judgement(plain + shown_rows * (row + ANSWER_TOKENS), answer, spec.model, pricing),
    )


def _prompt_tokens(template: PromptTemplate, rows: Sequence[LabelledExample]) -> float:
    own = sum(len(message.content) for message in template.messages)
    row = fmean(len(r.example.input) + len(r.example.output) for r in rows)
    return (own + row) / CHARS_PER_TOKEN


def _judgement(prompt: float, answer: float, model: ModelRef, pricing: Pricing) -> _Judgement:
    price = pricing.price(model)
    return _Judgement(
        prompt_tokens=prompt,
        completion_tokens=answer,
        cost_usd=None if price is None else price.cost_usd(round(prompt), round(answer)),
    )


def _wanted(strategy: Strategy, train: int, dev: int) -> int:
    """How many calls the search takes at most, beyond the baseline's on dev, with so many rows."""
    if callable(most_calls := getattr(strategy, "most_calls", None)):
        return int(most_calls(train, dev))
    return max(0, _trials(strategy) - 1) * dev


def _trials(strategy: Strategy) -> int:
    """How many candidates the strategy tries at most."""
    for name in ("trials", "most_trials"):
        if isinstance(trials := getattr(strategy, name, None), int):
            return trials
    rounds, each = (getattr(strategy, name, None) for name in ("rounds", "proposals"))
    if isinstance(rounds, int) and isinstance(each, int):
        combined = getattr(strategy, "combinations", 0)
        return 1 + rounds * (each + int(combined))
    return DEFAULT_TRIALS


def _affordable(
    budget: Budget, wanted: int, needed: int, plain: _Judgement, shown: _Judgement
) -> tuple[int, str | None]:
    """How many calls of the search the budget has room for, and which of its limits says so."""
    rooms = [(wanted, None), *_rooms(budget, needed, plain, shown)]
    room, limit = min(rooms, key=lambda pair: pair[0])
    return max(0, int(room)), limit


def _rooms(
    budget: Budget, needed: int, plain: _Judgement, shown: _Judgement
) -> list[tuple[float, str | None]]:
    rooms: list[tuple[float, str | None]] = []
    if budget.max_calls is not None:
        rooms.append((budget.max_calls - needed, "max_calls"))
    if budget.max_tokens is not None:
        left = budget.max_tokens - needed * (plain.prompt_tokens + plain.completion_tokens)
        rooms.append((left / (shown.prompt_tokens + shown.completion_tokens), "max_tokens"))
    if budget.max_cost_usd is not None and plain.cost_usd is not None and shown.cost_usd:
        rooms.append(((budget.max_cost_usd - needed * plain.cost_usd) / shown.cost_usd, "max_cost_usd"))
    return rooms


def _seconds(spec: RunSpec, calls: int) -> float:
    if spec.model.name == OFFLINE:
        return calls * OFFLINE_SECONDS_PER_CALL
    return calls * SECONDS_PER_CALL / spec.max_in_flight
