"""What is wrong with a run before anything is spent. Light, so that a request can be refused at once."""

from collections.abc import Sequence

from experiments.spec import RunSpec
from optimizers.errors import BudgetTooSmall, InvalidInput, NotEnoughLabels
from optimizers.lm.pricing import Pricing
from optimizers.splits import require_labels_to_optimize
from optimizers.template import PromptTemplate
from optimizers.types import LabelledExample, Part, Snapshot

CHARS_PER_TOKEN = 4


def label_warnings(spec: RunSpec, snapshot: Snapshot) -> tuple[str, ...]:
    """Nothing where there are labels enough; what the report must say where the run is forced.

    Raises:
        NotEnoughLabels: there are too few, and `spec.force` is not set.
    """
    try:
        require_labels_to_optimize(row.label for row in snapshot.rows)
    except NotEnoughLabels as missing:
        if not spec.force:
            raise
        return (f"forced: {missing}",)
    return ()


def overlap_warnings(train: Sequence[LabelledExample], learned: Sequence[LabelledExample]) -> tuple[str, ...]:
    """That some of `train` are not among the rows `learned` from, since they repeat test rows."""
    copies = len(train) - len(learned)
    if not copies:
        return ()
    rows = "1 train row repeats" if copies == 1 else f"{copies} train rows repeat"
    return (f"{rows} the text of a test row; nothing was learned from such rows",)


def earlier_warnings(spec: RunSpec, snapshot: Snapshot) -> tuple[str, ...]:
    """That an earlier judge was found on other rows or labels, so that it may know some of today's test."""
    elsewhere = [run.run_id for run in spec.earlier if run.snapshot not in {None, snapshot.digest}]
    if not elsewhere:
        return ()
    names = ", ".join(elsewhere)
    return (f"the search started from {names}, found on other rows or labels: some may be test rows here",)


def least_calls(snapshot: Snapshot) -> int:
    """Calls that every run makes: the baseline on dev, and two judges on test."""
    return len(snapshot.part(Part.DEV)) + 2 * len(snapshot.part(Part.TEST))


def require_budget(spec: RunSpec, snapshot: Snapshot) -> None:
    """Refuse a run that could not end with a report.

    Raises:
        InvalidInput: there are no dev rows.
        BudgetTooSmall: `budget.max_calls` has no room for the baseline and the final test.
    """
    dev, test = (len(snapshot.part(part)) for part in (Part.DEV, Part.TEST))
    if not dev:
        raise InvalidInput("the dataset has no dev rows: candidates cannot be compared")
    needed, given = least_calls(snapshot), spec.budget.max_calls
    if given is not None and given < needed:
        raise BudgetTooSmall(
            f"budget.max_calls must be at least {needed} ({dev} for the baseline on dev, {2 * test} for the "
            f"final test of baseline and winner), got {given}",
            needed,
        )


def require_room(spec: RunSpec, snapshot: Snapshot, template: PromptTemplate, pricing: Pricing) -> None:
    """Refuse a budget in tokens or dollars that the least calls' prompts alone would exceed.

    `template` is the baseline's prompt, measured at four characters a token; answers come on top.

    Raises:
        BudgetTooSmall: it does not fit.
    """
    own = sum(len(message.content) for message in template.messages)
    dev, test = snapshot.part(Part.DEV), snapshot.part(Part.TEST)
    chars = sum(own + len(row.example.input) + len(row.example.output) for row in (*dev, *test, *test))
    tokens, budget = chars // CHARS_PER_TOKEN, spec.budget
    if budget.max_tokens is not None and tokens > budget.max_tokens:
        raise BudgetTooSmall(
            f"budget.max_tokens must be above {tokens}, what the prompts of the baseline and the final test "
            f"take at the least, got {budget.max_tokens}",
            least_calls(snapshot),
        )
    price = pricing.price(spec.model)
    cost_usd = price.cost_usd(tokens, 0) if price is not None else 0.0
    if budget.max_cost_usd is not None and cost_usd > budget.max_cost_usd:
        raise BudgetTooSmall(
            f"budget.max_cost_usd must be above {cost_usd:.4f}, what the prompts of the baseline and the "
            f"final test cost at the least, got {budget.max_cost_usd}",
            least_calls(snapshot),
        )
