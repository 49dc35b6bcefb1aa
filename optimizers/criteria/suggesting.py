"""Criteria suggested by a model: from a task's prompt, or from labels and critiques (grade first).

As EvalGen suggests them, whose users wrote some before grading and found others by grading. Here both
ways may be gone again at any time: what is known already is not suggested again.

Source: Shankar, Zamfirescu-Pereira, Hartmann, Parameswaran and Arawjo, Who Validates the Validators?
(EvalGen, UIST 2024), section 4.
"""

import math
from collections.abc import Sequence

import numpy as np

from optimizers.criteria import questions
from optimizers.criteria.asking import Ask, ask_for
from optimizers.criteria.reading import SuggestedCriterion, merged, suggestions_in
from optimizers.errors import InvalidInput
from optimizers.joint.likeness import Likeness
from optimizers.joint.showing import FOCUS, Rows, bunches, contrast
from optimizers.strategies.options import whole_number
from optimizers.together import all_or_none
from optimizers.types import Label, LabelledExample

MOST = 30
"""Criteria that may be asked for at once."""

MOST_QUESTIONS = 4
"""Questions about labels at most, each about other failed rows."""

CONTRAST = 6
"""Passed rows that a question shows beside failed ones."""


async def from_prompt(
    prompt: str, *, ask: Ask, n: int = 5, existing: Sequence[str] = (), sample: int = 0
) -> tuple[SuggestedCriterion, ...]:
    """At most `n` criteria for the outputs of a task's prompt. One call, or two.

    `existing` are the texts of the criteria that there are; nothing that says the same comes back.
    `sample` gives other suggestions for the same question.

    Raises:
        InvalidInput: the prompt is empty, or `n` is not in 1 to 30.
        AnswerUnusable: the model answered nonsense twice.
    """
    whole_number("n", n, low=1, high=MOST)
    if not prompt.strip():
        raise InvalidInput("prompt must be the text of the task's prompt, got an empty one")
    asked = questions.of_prompt(prompt, existing, n)
    return merged([await ask_for("criteria", asked, suggestions_in, ask, sample)], existing, n)


async def from_labels(  # two things to read, and plain values by name
    rows: Sequence[LabelledExample],
    criterion: str,
    *,
    ask: Ask,
    n: int = 5,
    existing: Sequence[str] = (),
    sample: int = 0,
) -> tuple[SuggestedCriterion, ...]:
    """At most `n` criteria that people's decisions and critiques on `rows` speak for.

    `criterion` is what pass means for the whole. Alike failed rows are shown together, each time beside the
    passed rows that are most like them; one call, or two, for sixteen failed rows, and for at most four such
    bunches. What several of them name comes first. See `from_prompt` for the rest.

    Raises:
        InvalidInput: no row is failed, or `n` is not in 1 to 30.
        AnswerUnusable: the model answered nonsense twice.
    """
    whole_number("n", n, low=1, high=MOST)
    ordered = sorted(rows, key=lambda row: row.id)
    failed = [row for row in ordered if row.label is Label.FAIL]
    if not failed:
        raise InvalidInput(f"rows must hold at least one that people failed, got none of {len(ordered)}")
    shown = _bunched(ordered, failed, sample)

    async def suggested(bunch: Rows) -> tuple[SuggestedCriterion, ...]:
        ids = [row.id for row in bunch]
        asked = questions.of_labels(bunch, criterion, existing, n)
        return await ask_for("criteria", asked, lambda answer: suggestions_in(answer, ids), ask, sample)

    return merged(await all_or_none([suggested(bunch) for bunch in shown]), existing, n)


def _bunched(rows: Sequence[LabelledExample], failed: Sequence[LabelledExample], seed: int) -> list[Rows]:
    """What each question shows: failed rows that are alike, then passed rows that are like these."""
    likeness = Likeness(rows)
    passed = [row for row in rows if row.label is Label.PASS]
    number = min(MOST_QUESTIONS, math.ceil(len(failed) / FOCUS))
    found = bunches(failed, number, likeness, np.random.default_rng(seed), clustered=True)
    # Each failed row gets its nearest passed one, and another where there are few failed ones.
    return [(*bunch, *contrast(bunch * CONTRAST, passed, likeness, CONTRAST)) for bunch in found]
