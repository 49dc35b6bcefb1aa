"""Which criterion a judge's fails go back to, and whether it earns its place.

A rationale names the number of the criterion that decides, as the instruction asks; where it does not,
the criterion whose words it shares most is taken. No call is made.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from optimizers.joint.criteria import content_words
from optimizers.types import Evaluation, Label, LabelledExample, Verdict

_CITED = re.compile(
    r"(?:criteri(?:on|a)|rule|check|point|item|no\.?|number|#)\s*\(?#?(\d{1,2})\b", re.IGNORECASE
)
_LEAST_SHARED = 0.5
"""Share of a criterion's words that a rationale must hold to be about it."""

_LEAST_TRACED = 0.4
"""Share of the fails that must be traced to a criterion before any is called useless."""


@dataclass(frozen=True, kw_only=True)
class Credit:
    """Fails that went back to each criterion, by the people's label: `caught` bad, `hurt` good outputs."""

    caught: tuple[int, ...]
    hurt: tuple[int, ...]
    traced: float
    """Share of all fails that could be traced, in [0, 1]."""

    @property
    def useless(self) -> tuple[int, ...]:
        """Numbers (from 0) of criteria that catch no more than they hurt; none where too little is known."""
        if self.traced < _LEAST_TRACED:
            return ()
        return tuple(
            i for i, (good, bad) in enumerate(zip(self.caught, self.hurt, strict=True)) if good <= bad
        )


def credit(criteria: Sequence[str], found: Evaluation, rows: Sequence[LabelledExample]) -> Credit:
    """Trace the fails of `found` on `rows` to `criteria`."""
    words = [content_words(line) for line in criteria]
    caught, hurt, fails, traced = [0] * len(criteria), [0] * len(criteria), 0, 0
    for row in rows:
        outcome = found.outcomes[row.id]
        if not isinstance(outcome, Verdict) or outcome.label is not Label.FAIL:
            continue
        fails += 1
        number = _decided(outcome.rationale or "", words)
        if number is not None:
            traced += 1
            (caught if row.label is Label.FAIL else hurt)[number] += 1
    return Credit(caught=tuple(caught), hurt=tuple(hurt), traced=traced / fails if fails else 0.0)


def _decided(rationale: str, criteria: Sequence[frozenset[str]]) -> int | None:
    cited = [int(number) - 1 for number in _CITED.findall(rationale)]
    valid = [number for number in cited if 0 <= number < len(criteria)]
    if valid:
        return valid[-1]  # the conclusion stands at the end
    said = content_words(rationale)
    shares = [len(said & words) / len(words) if words else 0.0 for words in criteria]
    best = max(range(len(criteria)), key=lambda i: shares[i], default=None)
    return best if best is not None and shares[best] >= _LEAST_SHARED else None
