"""How large the parts of a joint search are, by what its budget pays for. All counts are calls or rows."""

import math
from dataclasses import dataclass

FEW, MANY = 3, 12
"""Demonstrations of each class in a small and in a large set."""

_QUESTIONS = range(2, 17)
_CALLS_PER_QUESTION = 72
"""One question of the opening for so many calls of the budget, within `_QUESTIONS`."""

_LOOKS = (0.2, 0.5)
"""Shares of dev after which the first field is halved; the first alone where the budget is tight."""

_ENTRANTS = 4
_TIGHT = 5
"""Whole trials below which a budget is tight."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """The sizes for a search of `room` calls with `dev` rows to choose on."""

    room: int
    dev: int

    @property
    def is_tight(self) -> bool:
        """Whether the budget pays for few whole trials only."""
        return self.room < _TIGHT * self.dev

    @property
    def questions(self) -> int:
        """Questions of the opening: 0 where they would leave no room for a whole trial."""
        wanted = min(max(self.room // _CALLS_PER_QUESTION, _QUESTIONS.start), _QUESTIONS[-1])
        return max(0, min(wanted, self.room - self.dev))

    @property
    def entrants(self) -> int:
        """Candidates of the first field, beside those of earlier runs."""
        payable = 1 + int(max(0, self.room - self.dev) / (_LOOKS[0] * self.dev + 1))
        return min(_ENTRANTS - self.is_tight, payable)

    @property
    def looks(self) -> tuple[float, ...]:
        """Shares of dev, each in (0, 1), after which the first field is halved."""
        return _LOOKS[:1] if self.is_tight else _LOOKS

    @property
    def field(self) -> int:
        """Calls that the first field takes at least: a look at each entrant, and one whole trial."""
        others = self.entrants - 1
        return math.ceil(self.dev * (1 + others * _LOOKS[0])) + others
