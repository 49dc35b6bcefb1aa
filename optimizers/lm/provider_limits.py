"""Which limits a person set for which provider, and where all who pay together book their calls."""

import re
from collections.abc import Callable, Mapping

from optimizers.errors import InvalidInput
from optimizers.lm.gcra import LaneLimit, Pace
from optimizers.lm.lanes import LaneBook
from optimizers.types import ModelRef

_EXAMPLE = "openai=500rpm,200000tpm;http://127.0.0.1:11434/v1=60rpm"
_LIMIT = re.compile(r"(\d+)\s*(rpm|tpm)")


class ProviderLimits:
    """A `RateLimit` from `limits` by provider or address, booked in `book`.

    `key_mark` tells two keys of one provider apart without showing them: each key has its own limits.
    """

    def __init__(
        self,
        limits: Mapping[str, LaneLimit],
        book: LaneBook,
        *,
        key_mark: Callable[[ModelRef], str] = lambda _: "",
    ) -> None:
        self._limits = dict(limits)
        self._book = book
        self._key_mark = key_mark
        self._names: dict[str, str] = {}

    def lane(self, model: ModelRef) -> str | None:
        """What a call to `model` counts under; `None` where nobody set a limit."""
        name = _name(model)
        if name not in self._limits:
            return None
        mark = self._key_mark(model)
        lane = f"{name}#{mark}" if mark else name
        self._names[lane] = name
        return lane

    async def acquire(self, lane: str, tokens: int) -> float:
        """Book a call of `tokens` in `lane`; the seconds until it may leave."""
        return await self._book.book(lane, self._limits[self._names[lane]], tokens)


def parse_limits(text: str) -> dict[str, LaneLimit]:
    """Limits by provider (`openai`) or address (`http://127.0.0.1:11434/v1`).

    `openai=500rpm,200000tpm;http://127.0.0.1:11434/v1=60rpm`: requests (rpm) and tokens (tpm) a minute,
    one or both. An address has limits of its own: those of the provider's name are not meant for it.

    Raises:
        InvalidInput: the text says something else; the message names the part.
    """
    limits: dict[str, LaneLimit] = {}
    for part in filter(None, (part.strip() for part in text.split(";"))):
        name, equals, wanted = part.rpartition("=")
        name = _normal(name)
        if not equals or not name:
            raise InvalidInput(f"{part!r} is no limit of a provider; write {_EXAMPLE!r}")
        if name in limits:
            raise InvalidInput(f"the limits of {name!r} are given twice; write them once, with a comma")
        limits[name] = _limit(name, wanted)
    return limits


def _limit(name: str, wanted: str) -> LaneLimit:
    found: dict[str, Pace] = {}
    for part in wanted.split(","):
        match = _LIMIT.fullmatch(part.strip().lower())
        if match is None:
            raise InvalidInput(
                f"{part.strip()!r} is no limit of {name!r}; write requests a minute as in '500rpm', "
                "tokens a minute as in '200000tpm'"
            )
        number, unit = int(match[1]), match[2]
        if unit in found:
            raise InvalidInput(f"{name!r} has more than one limit in {unit}: {wanted!r}")
        if number < 1:
            raise InvalidInput(f"a limit of {name!r} must be 1 a minute or more, got {part.strip()!r}")
        found[unit] = Pace(per_minute=number)
    return LaneLimit(requests=found.get("rpm"), tokens=found.get("tpm"))


def _name(model: ModelRef) -> str:
    return _normal(model.api_base) if model.api_base is not None else model.name.partition("/")[0].lower()


def _normal(name: str) -> str:
    return name.strip().rstrip("/").lower()
