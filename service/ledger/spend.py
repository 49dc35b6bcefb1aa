"""Spend accounts, as operations: one conditional update of the account's row lets a reservation in."""

from collections.abc import Mapping, Sequence

from optimizers.lm.money import to_pico, to_usd
from optimizers.lm.spend import Charge, Reservation
from optimizers.types import Budget, Usage
from service.ledger.connection import Operation, Rows

_OPEN_ACCOUNT = """
INSERT INTO concord_ledger_accounts
    (account, calls, prompt_tokens, completion_tokens, cost_pico, unpriced_calls)
VALUES (%(account)s, 0, 0, 0, 0, 0) ON CONFLICT (account) DO NOTHING
"""
_RESERVE = """
WITH charged AS (
    UPDATE concord_ledger_accounts SET
        calls = calls + 1,
        prompt_tokens = prompt_tokens + %(prompt)s,
        completion_tokens = completion_tokens + %(completion)s,
        cost_pico = cost_pico + COALESCE(%(cost)s::bigint, 0),
        unpriced_calls = unpriced_calls + %(unpriced)s
    WHERE account = %(account)s
        AND (%(max_calls)s::bigint IS NULL OR calls + 1 <= %(max_calls)s::bigint)
        AND (%(max_tokens)s::bigint IS NULL OR prompt_tokens + completion_tokens
            + %(prompt)s + %(completion)s <= %(max_tokens)s::bigint)
        AND (%(max_cost)s::bigint IS NULL OR (unpriced_calls = 0
            AND cost_pico + %(cost)s::bigint <= %(max_cost)s::bigint))
    RETURNING account
)
INSERT INTO concord_ledger_reservations (account, prompt_tokens, completion_tokens, cost_pico)
SELECT account, %(prompt)s, %(completion)s, %(cost)s::bigint FROM charged RETURNING id
"""
_CLOSE = """
WITH closed AS (DELETE FROM concord_ledger_reservations WHERE id = %(id)s RETURNING 1)
UPDATE concord_ledger_accounts SET
    calls = calls + %(calls)s,
    prompt_tokens = prompt_tokens + %(prompt)s,
    completion_tokens = completion_tokens + %(completion)s,
    cost_pico = cost_pico + %(cost)s,
    unpriced_calls = unpriced_calls + %(unpriced)s
WHERE account = %(account)s AND EXISTS (SELECT 1 FROM closed)
"""
_TOTAL = """
SELECT calls, prompt_tokens, completion_tokens, cost_pico, unpriced_calls
FROM concord_ledger_accounts WHERE account = %(account)s
"""


def total(account: str) -> Operation[Usage]:
    """What the account has paid, open reservations included."""
    return Operation(statements=((_TOTAL, {"account": account}),), read=lambda rows: _usage(rows[0]))


def reserve(account: str, charge: Charge, cap: Budget | None) -> Operation[tuple[Reservation | None, Usage]]:
    """Charge the most that a call can take, unless that would exceed the cap."""
    values = {"account": account, **_fields(charge), **_limits(cap or Budget())}

    def read(rows: Sequence[Rows]) -> tuple[Reservation | None, Usage]:
        _, made, totals = rows
        reservation = Reservation(id=made[0][0], account=account, charge=charge) if made else None
        return reservation, _usage(totals)

    return Operation(
        statements=((_OPEN_ACCOUNT, values), (_RESERVE, values), (_TOTAL, values)),
        read=read,
        order=(1, account),
    )


def close(reservation: Reservation, charge: Charge | None) -> Operation[Usage]:
    """Replace an open reservation by what the call took; `None` where it took nothing."""
    reserved = _fields(reservation.charge)
    taken = _fields(charge) if charge is not None else dict.fromkeys(reserved, 0)
    change = {name: (taken[name] or 0) - (reserved[name] or 0) for name in reserved}
    calls = 0 if charge is not None else -1
    values = {"id": reservation.id, "account": reservation.account, "calls": calls, **change}
    return Operation(
        statements=((_CLOSE, values), (_TOTAL, values)),
        read=lambda rows: _usage(rows[1]),
        order=(1, reservation.account),
    )


def _fields(charge: Charge) -> dict[str, int | None]:
    cost = charge.cost_pico
    return {
        "prompt": charge.prompt_tokens,
        "completion": charge.completion_tokens,
        "cost": cost,
        "unpriced": int(cost is None),
    }


def _limits(cap: Budget) -> Mapping[str, int | None]:
    cost = None if cap.max_cost_usd is None else to_pico(cap.max_cost_usd)
    return {"max_calls": cap.max_calls, "max_tokens": cap.max_tokens, "max_cost": cost}


def _usage(rows: Rows) -> Usage:
    calls, prompt_tokens, completion_tokens, cost_pico, unpriced = rows[0] if rows else (0, 0, 0, 0, 0)
    return Usage(
        calls=calls,
        prompt_tokens=prompt_tokens,
        completion_tokens=completion_tokens,
        cost_usd=None if unpriced else to_usd(cost_pico),
    )
