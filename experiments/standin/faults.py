"""What the stand-in does wrong, and when: by call number, by rate, or until switched off."""

import hashlib
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class FaultKind(StrEnum):
    """The ways in which a provider fails."""

    RATE_LIMITED = "rate_limited"  # 429 with Retry-After
    SERVER_ERROR = "server_error"  # 500
    HANG = "hang"  # the connection stays open, no answer comes
    CUT_BODY = "cut_body"  # half an answer, then the connection closes
    WRONG_FORMAT = "wrong_format"  # plain prose instead of the fields that were asked for
    REFUSAL = "refusal"  # message.refusal, no content
    EMPTY_BODY = "empty_body"  # 200 without a body
    INVALID_JSON = "invalid_json"  # 200 with a body that is not JSON
    DOWN = "down"  # the connection closes without a byte


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """One way to fail. It strikes a call if the call's number (counted from 1) is one of `calls`,
    or is at least `from_call` (and at most `to_call`), or by chance `rate` in [0, 1]; with none of
    the three given, every call.
    """

    kind: FaultKind
    calls: frozenset[int] | None = None
    from_call: int | None = None
    to_call: int | None = None
    rate: float | None = None
    retry_after_s: float = 1.0

    def __post_init__(self) -> None:
        if self.rate is not None and not 0 <= self.rate <= 1:
            raise ValueError(f"rate must be in [0, 1], got {self.rate}")

    def strikes(self, number: int, chance: float) -> bool:
        """Whether call `number` fails; `chance` in [0, 1) is that call's draw."""
        if self.calls is not None and number in self.calls:
            return True
        if self.from_call is not None and self.from_call <= number <= (self.to_call or number):
            return True
        if self.rate is not None:
            return chance < self.rate
        return self.calls is None and self.from_call is None


class Faults:
    """The switches of one stand-in. They may be turned at any time, from any thread.

    `latency_ms` is added to each answer; `accepted_key` makes every other key a 401; `usage` puts
    token counts into answers.
    """

    def __init__(
        self,
        faults: Iterable[Fault] = (),
        *,
        seed: int = 0,
        latency_ms: float = 0.0,
        accepted_key: str | None = None,
        usage: bool = True,
    ) -> None:
        self._lock = threading.Lock()
        self._faults = tuple(faults)
        self._seed = seed
        self.latency_ms = latency_ms
        self.accepted_key = accepted_key
        self.usage = usage

    def add(self, *faults: Fault) -> None:
        """Switch more faults on."""
        with self._lock:
            self._faults += faults

    def clear(self) -> None:
        """Switch all faults off. Latency and key stay as they are."""
        with self._lock:
            self._faults = ()

    def for_call(self, number: int) -> Fault | None:
        """The first fault that strikes call `number`."""
        faults = self._faults
        if not faults:
            return None
        for place, fault in enumerate(faults):
            if fault.strikes(number, _draw(f"{self._seed}/{place}/{number}")):
                return fault
        return None


def _draw(text: str) -> float:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest()) / 2**56
