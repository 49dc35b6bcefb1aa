"""The booking of provider limits, as an operation: the generic cell rate algorithm on one row."""

from optimizers.lm.gcra import LaneLimit
from service.ledger.clock import CLOCK
from service.ledger.connection import Operation

_OPEN_LANE = """
INSERT INTO concord_provider_lanes (lane, requests_until, tokens_until, admitted_at)
VALUES (%(lane)s, 0, 0, 0) ON CONFLICT (lane) DO NOTHING
"""
_BOOK = f"""
UPDATE concord_provider_lanes SET (requests_until, tokens_until, admitted_at) = (
    SELECT
        GREATEST(requests_until, at) + %(request_cost_s)s,
        GREATEST(tokens_until, at) + %(token_cost_s)s,
        at
    FROM (SELECT GREATEST(
        {CLOCK},
        requests_until - %(request_slack_s)s::float8,
        tokens_until - %(token_slack_s)s::float8
    ) AS at) AS admission
)
WHERE lane = %(lane)s
RETURNING GREATEST(admitted_at - {CLOCK}, 0)
"""  # noqa: S608  # only constants


def book(lane: str, limit: LaneLimit, tokens: int) -> Operation[float]:
    """Book one call of `tokens`; the seconds until it may leave. As `gcra.book`, on the row."""
    dues = limit.dues(tokens)
    values = {
        "lane": lane,
        "request_cost_s": dues.request_cost_s,
        "request_slack_s": dues.request_slack_s,
        "token_cost_s": dues.token_cost_s,
        "token_slack_s": dues.token_slack_s,
    }
    return Operation(
        statements=((_OPEN_LANE, values), (_BOOK, values)),
        read=lambda rows: float(rows[1][0][0]),
        order=(2, lane),
    )
