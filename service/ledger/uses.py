"""Who used which answer, in PostgreSQL."""

from collections.abc import Callable, Sequence

from service.ledger.clock import CLOCK
from service.ledger.connection import Operation, Rows
from service.ledger.line import Line

_NOTE = f"""
INSERT INTO concord_ledger_uses (account, key, used_at)
SELECT %(account)s, key, {CLOCK} FROM unnest(%(keys)s::text[]) AS key ORDER BY key
ON CONFLICT (account, key) DO UPDATE SET used_at = excluded.used_at
"""  # noqa: S608  # only constants
_FORGET_ANSWERS = """
DELETE FROM concord_ledger_answers AS answers
WHERE key IN (SELECT key FROM concord_ledger_uses WHERE account = %(account)s)
AND NOT EXISTS (
    SELECT 1 FROM concord_ledger_uses AS uses WHERE uses.key = answers.key AND uses.account <> %(account)s
)
RETURNING key
"""
_FORGET_USES = "DELETE FROM concord_ledger_uses WHERE account = %(account)s"
_EXPIRE_USES = f"""
DELETE FROM concord_ledger_uses
WHERE used_at < {CLOCK} - %(unused_for_s)s::float8 AND account <> ALL(%(but_of)s::text[])
"""  # noqa: S608  # only constants
_EXPIRE_ANSWERS = f"""
DELETE FROM concord_ledger_answers AS answers
WHERE created_at < {CLOCK} - %(unused_for_s)s::float8
AND NOT EXISTS (SELECT 1 FROM concord_ledger_uses AS uses WHERE uses.key = answers.key)
RETURNING key
"""  # noqa: S608  # only constants


class DatabaseUses:
    """A `UseBook` beside the answers that all workers share."""

    def __init__(self, line: Line) -> None:
        self._line = line

    async def note(self, account: str, keys: Sequence[str]) -> None:
        """`account` uses these answers now."""
        values = {"account": account, "keys": list(keys)}
        await self._line.do(Operation(statements=((_NOTE, values),), read=lambda _: None, alone=True))

    async def forget(self, account: str) -> int:
        """Delete the answers that this account alone used; how many."""
        values = {"account": account}
        statements = ((_FORGET_ANSWERS, values), (_FORGET_USES, values))
        return await self._line.do(Operation(statements=statements, read=_gone(0), alone=True))

    async def expire(self, unused_for_s: float, *, but_of: Sequence[str]) -> int:
        """Delete what nobody used for so long, but not what `but_of` ever used; how many."""
        values = {"unused_for_s": unused_for_s, "but_of": list(but_of)}
        statements = ((_EXPIRE_USES, values), (_EXPIRE_ANSWERS, values))
        return await self._line.do(Operation(statements=statements, read=_gone(1), alone=True))


def _gone(place: int) -> Callable[[Sequence[Rows]], int]:
    return lambda rows: len(rows[place])
