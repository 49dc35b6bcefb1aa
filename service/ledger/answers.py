"""Answers and claims, as operations.

A claim's row is what two workers meet at. Whoever claims writes it first and only then looks for the
answer, with a new snapshot: an answer that was committed meanwhile, which ended the other's claim, is
seen, so that nobody asks again what has just been answered.
"""

from collections.abc import Sequence

from optimizers.lm.answer_json import from_json, to_json
from optimizers.protocols import Claim
from optimizers.types import ModelAnswer, ModelRequest
from service.ledger.clock import CLOCK
from service.ledger.connection import Operation, Rows

_FRESH = f"(%(max_age_s)s::float8 IS NULL OR created_at >= {CLOCK} - %(max_age_s)s::float8)"

_LOOKUP = f"SELECT key, answer FROM concord_ledger_answers WHERE key = ANY(%(keys)s) AND {_FRESH}"  # noqa: S608  # only constants

_TAKE = f"""
INSERT INTO concord_ledger_claims AS held (key, holder, expires_at)
VALUES (%(key)s, %(holder)s, {CLOCK} + %(lease_s)s)
ON CONFLICT (key) DO UPDATE SET holder = excluded.holder, expires_at = {CLOCK} + %(lease_s)s
WHERE held.expires_at <= {CLOCK} OR held.holder = excluded.holder
RETURNING expires_at
"""  # noqa: S608  # only constants
_GIVE_BACK_IF_ANSWERED = f"""
DELETE FROM concord_ledger_claims WHERE key = %(key)s AND holder = %(holder)s
AND EXISTS (SELECT 1 FROM concord_ledger_answers WHERE key = %(key)s AND {_FRESH})
"""  # noqa: S608  # only constants
_ANSWER = f"SELECT answer FROM concord_ledger_answers WHERE key = %(key)s AND {_FRESH}"  # noqa: S608  # only constants

_STORE = f"""
INSERT INTO concord_ledger_answers AS stored (key, model, api_base, answer, created_at)
VALUES (%(key)s, %(model)s, %(api_base)s, %(answer)s, %(created_at)s)
ON CONFLICT (key) DO UPDATE SET answer = excluded.answer, created_at = excluded.created_at
WHERE stored.created_at < {CLOCK} - %(max_age_s)s::float8
"""  # noqa: S608  # only constants
_END_CLAIMS = "DELETE FROM concord_ledger_claims WHERE key = %(key)s"
_STORED = "SELECT answer FROM concord_ledger_answers WHERE key = %(key)s"

_RELEASE = "DELETE FROM concord_ledger_claims WHERE key = %(key)s AND holder = %(holder)s"
_RENEW = f"""
UPDATE concord_ledger_claims SET expires_at = {CLOCK} + %(lease_s)s WHERE key IN (
    SELECT key FROM concord_ledger_claims WHERE key = ANY(%(keys)s) AND holder = %(holder)s
    ORDER BY key FOR UPDATE
)
"""  # noqa: S608  # only constants
_COUNT = "SELECT count(*) FROM concord_ledger_answers"


def lookup(keys: Sequence[str], max_age_s: float | None) -> Operation[dict[str, ModelAnswer]]:
    """The committed answers among `keys`."""
    values = {"keys": list(keys), "max_age_s": max_age_s}
    return Operation(
        statements=((_LOOKUP, values),),
        read=lambda rows: {key: from_json(answer) for key, answer in rows[0]},
    )


def claim(
    key: str, holder: str, lease_s: float, max_age_s: float | None
) -> Operation[Claim | ModelAnswer | None]:
    """The answer, a claim, or `None` while somebody else holds a live one."""
    values = {"key": key, "holder": holder, "lease_s": lease_s, "max_age_s": max_age_s}

    def read(rows: Sequence[Rows]) -> Claim | ModelAnswer | None:
        taken, answered, _ = rows
        if answered:
            return from_json(answered[0][0])
        return Claim(key=key, holder=holder, expires_at=taken[0][0]) if taken else None

    return Operation(
        statements=((_TAKE, values), (_ANSWER, values), (_GIVE_BACK_IF_ANSWERED, values)),
        read=read,
        order=(0, key),
    )


def commit(request: ModelRequest, answer: ModelAnswer, max_age_s: float | None) -> Operation[ModelAnswer]:
    """Store the answer unless one is there that counts; end all claims; the one that counts."""
    key = request.key
    values = {
        "key": key,
        "model": request.model.name,
        "api_base": request.model.api_base,
        "answer": to_json(answer),
        "created_at": answer.created_at,
        "max_age_s": max_age_s,
    }
    return Operation(
        statements=((_STORE, values), (_END_CLAIMS, values), (_STORED, values)),
        read=lambda rows: from_json(rows[2][0][0]),
        order=(0, key),
    )


def release(claim: Claim) -> Operation[None]:
    """Give a claim back."""
    values = {"key": claim.key, "holder": claim.holder}
    return Operation(statements=((_RELEASE, values),), read=_nothing, order=(0, claim.key))


def renew(keys: Sequence[str], holder: str, lease_s: float) -> Operation[None]:
    """Extend the holder's claims."""
    values = {"keys": list(keys), "holder": holder, "lease_s": lease_s}
    return Operation(statements=((_RENEW, values),), read=_nothing, alone=True)


def count() -> Operation[int]:
    """How many answers are stored."""
    return Operation(statements=((_COUNT, {}),), read=lambda rows: int(rows[0][0][0]))


def _nothing(_rows: Sequence[Rows]) -> None:
    """For operations without a result."""
