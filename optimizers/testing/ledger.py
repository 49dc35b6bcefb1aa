"""What every ledger keeps to: answers, claims, accounts and provider limits."""

# ruff: noqa: D102  # the classes list their tests by number

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Protocol

from optimizers.errors import PauseReason, RunPaused, StorageFailed
from optimizers.lm.charge import Account, SpendBook
from optimizers.lm.gcra import LaneLimit, Pace
from optimizers.lm.lanes import LaneBook
from optimizers.lm.spend import Charge, Reservation
from optimizers.protocols import Claim, Ledger
from optimizers.types import Budget, Message, ModelAnswer, ModelRef, ModelRequest, Usage

ANSWER = ModelAnswer(
    text='{"verdict": "päss"} \x00 \ud83d',
    finish_reason="length",
    prompt_tokens=12,
    completion_tokens=3,
    cost_usd=0.000_012_5,
    latency_ms=41.5,
    logprobs=(("pass", -0.1), (" ", -2.0)),
)
MOST = Charge(prompt_tokens=100, completion_tokens=50, cost_usd=0.003)
REAL = Charge(prompt_tokens=40, completion_tokens=10, cost_usd=0.001)
_LATE_S = 1.0
"""Seconds that a clock which nobody can stop may go on within a test."""


class WholeLedger(Ledger, Protocol):
    """Answers with all that is kept beside them."""

    @property
    def spend(self) -> SpendBook: ...

    @property
    def lanes(self) -> LaneBook: ...

    async def count(self) -> int: ...
    def close(self) -> None: ...


class LedgerStorage(Protocol):
    """A place for a ledger, empty at first."""

    @property
    def now(self) -> float:
        """POSIX seconds on the ledger's clock."""
        ...

    def open(self) -> WholeLedger:
        """A ledger on this place; each further one is another worker's. The storage closes them."""
        ...

    def let_pass(self, seconds: float) -> None:
        """Make all that is stored so much older."""
        ...


def question(number: int = 0) -> ModelRequest:
    """The `number`-th of some questions."""
    return ModelRequest(
        model=ModelRef(name="openai/m"), messages=(Message(role="user", content=f"Question {number}"),)
    )


async def claimed(ledger: Ledger, request: ModelRequest, holder: str) -> Claim:
    """A claim for ten seconds, which `holder` surely gets."""
    claim = await ledger.claim(request, holder=holder, lease_s=10)
    assert isinstance(claim, Claim)
    return claim


async def reserved(ledger: WholeLedger, account: str = "run") -> Reservation:
    """A reservation without a cap."""
    reservation, _ = await ledger.spend.reserve(account, MOST, None)
    assert reservation is not None
    return reservation


class LedgerContract:
    """Invariants of answers and claims. A test class derives from it and gives a fixture `storage`.

    1. a committed answer comes back whole, after reopening too, and the first commit counts;
    2. one of many gets a claim, from whichever worker; a claim on an answered question is its answer;
    3. a claim lasts for its lease, longer if renewed, and is then anybody's;
    4. who has lost a claim can neither renew nor release it, but its late answer is kept;
    5. an old answer does not count for who wants a fresh one;
    6. a look-up of many keys is one trip;
    7. a closed ledger refuses.
    """

    async def test_1_a_committed_answer_comes_back_whole(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        await ledger.commit(question(), ANSWER)
        assert await ledger.lookup([question().key, question(1).key]) == {question().key: ANSWER}

    async def test_1_the_first_commit_counts(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        await ledger.commit(question(), ANSWER)
        assert await ledger.commit(question(), replace(ANSWER, text="another")) == ANSWER
        assert await ledger.count() == 1

    async def test_1_an_answer_survives_reopening(self, storage: LedgerStorage) -> None:
        first = storage.open()
        await first.commit(question(), ANSWER)
        first.close()
        assert await storage.open().lookup([question().key]) == {question().key: ANSWER}

    async def test_2_one_of_many_gets_the_claim(self, storage: LedgerStorage) -> None:
        ledgers = [storage.open(), storage.open()]
        asked = [ledgers[n % 2].claim(question(), holder=f"h{n}", lease_s=10) for n in range(50)]
        assert sum(claim is not None for claim in await asyncio.gather(*asked)) == 1

    async def test_2_workers_that_claim_many_at_once_share_them(self, storage: LedgerStorage) -> None:
        ledgers = [storage.open(), storage.open()]
        numbers = [*range(100), *range(99, -1, -1)]  # in opposite order: nobody may wait in a circle
        asked = [
            ledgers[place // 100].claim(question(n), holder=f"h{place // 100}", lease_s=10)
            for place, n in enumerate(numbers)
        ]
        claims = [claim for claim in await asyncio.gather(*asked) if isinstance(claim, Claim)]
        assert len(claims) == len({claim.key for claim in claims}) == 100

    async def test_2_a_claim_on_an_answered_question_is_its_answer(self, storage: LedgerStorage) -> None:
        ledger, other = storage.open(), storage.open()
        await claimed(ledger, question(), "one")
        await ledger.commit(question(), ANSWER)
        assert await other.claim(question(), holder="two", lease_s=10) == ANSWER

    async def test_2_an_answered_question_has_no_claim_left(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        await ledger.commit(question(), replace(ANSWER, created_at=storage.now))
        await ledger.claim(question(), holder="one", lease_s=10)
        storage.let_pass(60)
        claim = await ledger.claim(question(), holder="two", lease_s=10, max_age_s=30)
        assert isinstance(claim, Claim)

    async def test_2_a_released_claim_is_free(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        await ledger.release(await claimed(ledger, question(), "one"))
        await claimed(ledger, question(), "two")

    async def test_3_a_claim_is_taken_over_when_its_lease_has_run_out(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        claim = await claimed(ledger, question(), "dead")
        assert abs(claim.expires_at - storage.now - 10) <= _LATE_S
        storage.let_pass(10 - _LATE_S)
        assert await ledger.claim(question(), holder="live", lease_s=10) is None
        storage.let_pass(_LATE_S)
        await claimed(ledger, question(), "live")

    async def test_3_a_holder_who_claims_again_keeps_its_claim(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        await claimed(ledger, question(), "one")
        await claimed(ledger, question(), "one")

    async def test_3_a_renewed_claim_outlives_its_first_lease(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        await claimed(ledger, question(), "slow")
        storage.let_pass(9)
        await ledger.renew([question().key, question(1).key], holder="slow", lease_s=10)
        storage.let_pass(9)
        assert await ledger.claim(question(), holder="live", lease_s=10) is None

    async def test_4_a_lost_claim_is_not_renewed(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        await claimed(ledger, question(), "frozen")
        storage.let_pass(11)
        await claimed(ledger, question(), "live")
        await ledger.renew([question().key], holder="frozen", lease_s=1_000)
        storage.let_pass(11)
        await claimed(ledger, question(), "third")

    async def test_4_a_lost_claim_releases_nothing(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        lost = await claimed(ledger, question(), "frozen")
        storage.let_pass(11)
        await claimed(ledger, question(), "live")
        await ledger.release(lost)
        assert await ledger.claim(question(), holder="third", lease_s=10) is None

    async def test_4_a_late_answer_is_kept(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        await claimed(ledger, question(), "slow")
        storage.let_pass(11)
        await claimed(ledger, question(), "quick")
        assert await ledger.commit(question(), ANSWER) == ANSWER
        assert await ledger.claim(question(), holder="quick", lease_s=10) == ANSWER

    async def test_5_an_old_answer_does_not_count_for_who_wants_a_fresh_one(
        self, storage: LedgerStorage
    ) -> None:
        ledger = storage.open()
        await ledger.commit(question(), replace(ANSWER, created_at=storage.now))
        storage.let_pass(60)
        assert await ledger.lookup([question().key], max_age_s=59) == {}
        assert question().key in await ledger.lookup([question().key], max_age_s=60 + _LATE_S)
        assert isinstance(await ledger.claim(question(), holder="one", lease_s=10, max_age_s=59), Claim)
        fresh = replace(ANSWER, text="fresh", created_at=storage.now)
        assert await ledger.commit(question(), fresh, max_age_s=59) == fresh

    async def test_6_a_look_up_of_many_keys_is_one_trip(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        requests = [question(n) for n in range(2_000)]
        await asyncio.gather(*(ledger.commit(request, ANSWER) for request in requests))
        keys = [request.key for request in requests] * 10
        assert len(await asyncio.wait_for(ledger.lookup(keys), timeout=20)) == 2_000

    async def test_7_a_closed_ledger_refuses(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        ledger.close()
        ledger.close()
        assert await _refused(ledger)


class AccountsContract:
    """Invariants of the accounts. A test class derives from it and gives a fixture `storage`.

    1. a reservation is charged in full until it is settled, refunded or kept, once;
    2. what was never settled stays charged after a restart;
    3. concurrent reservations of several workers never exceed the cap, whatever it counts;
    4. accounts do not mix;
    5. sums are exact, and unknown where a price is;
    6. at the cap an account waits for its own calls in flight, which may turn out cheaper, and then pauses.
    """

    async def test_1_a_reservation_is_charged_in_full_until_it_is_settled(
        self, storage: LedgerStorage
    ) -> None:
        ledger = storage.open()
        reservation, total = await ledger.spend.reserve("run", MOST, None)
        assert reservation is not None
        assert total == Usage(calls=1, prompt_tokens=100, completion_tokens=50, cost_usd=0.003)
        settled = await ledger.spend.settle(reservation, REAL)
        assert settled == Usage(calls=1, prompt_tokens=40, completion_tokens=10, cost_usd=0.001)

    async def test_1_a_refund_leaves_nothing(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        assert await ledger.spend.refund(await reserved(ledger)) == Usage()

    async def test_1_what_is_kept_stays_charged_in_full(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        assert (await ledger.spend.keep(await reserved(ledger))).cost_usd == 0.003

    async def test_1_a_reservation_is_closed_once(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        reservation = await reserved(ledger)
        await ledger.spend.settle(reservation, REAL)
        assert (await ledger.spend.refund(reservation)).calls == 1

    async def test_2_what_was_never_settled_stays_charged_after_a_restart(
        self, storage: LedgerStorage
    ) -> None:
        killed = storage.open()
        await reserved(killed)
        killed.close()
        assert storage.open().spend.total_now("run").cost_usd == 0.003

    async def test_3_concurrent_reservations_never_exceed_the_cap(self, storage: LedgerStorage) -> None:
        ledgers = [storage.open(), storage.open()]
        caps = Budget(max_calls=3), Budget(max_tokens=450), Budget(max_cost_usd=0.009)
        for number, cap in enumerate(caps):
            asked = (ledgers[n % 2].spend.reserve(f"run-{number}", MOST, cap) for n in range(64))
            made = await asyncio.gather(*asked)
            assert sum(reservation is not None for reservation, _ in made) == 3, cap

    async def test_3_a_cap_in_dollars_lets_no_call_in_whose_price_is_unknown(
        self, storage: LedgerStorage
    ) -> None:
        ledger = storage.open()
        unpriced = replace(MOST, cost_usd=None)
        assert (await ledger.spend.reserve("run", unpriced, Budget(max_cost_usd=9.0)))[0] is None
        await ledger.spend.reserve("run", unpriced, Budget(max_calls=9))
        assert (await ledger.spend.reserve("run", MOST, Budget(max_cost_usd=9.0)))[0] is None

    async def test_4_accounts_do_not_mix(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        await reserved(ledger, "one")
        assert ledger.spend.total_now("two") == Usage()

    async def test_5_a_call_without_a_price_makes_the_total_unknown(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        unpriced = replace(MOST, cost_usd=None)
        reservation, total = await ledger.spend.reserve("run", unpriced, None)
        assert reservation is not None
        assert total.cost_usd is None
        assert (await ledger.spend.settle(reservation, REAL)).cost_usd == 0.001

    async def test_5_a_thousand_small_prices_add_up_exactly(self, storage: LedgerStorage) -> None:
        ledger = storage.open()
        small = Charge(prompt_tokens=0, completion_tokens=0, cost_usd=0.000_000_1)
        await asyncio.gather(*(ledger.spend.reserve("run", small, None) for _ in range(1_000)))
        assert ledger.spend.total_now("run").cost_usd == 0.000_1

    async def test_6_the_cap_waits_for_calls_in_flight_that_may_turn_out_cheaper(
        self, storage: LedgerStorage
    ) -> None:
        account, cap = Account("run", storage.open().spend), Budget(max_tokens=200)
        first = await account.reserve(MOST, cap)
        second = asyncio.create_task(account.reserve(MOST, cap))
        await asyncio.sleep(0.05)
        assert not second.done()
        await account.settle(first, REAL)
        assert (await second).charge == MOST
        assert account.paid.prompt_tokens == 140

    async def test_6_the_cap_is_reached_when_nothing_is_in_flight(self, storage: LedgerStorage) -> None:
        account, cap = Account("run", storage.open().spend), Budget(max_calls=1)
        await account.settle(await account.reserve(MOST, cap), REAL)
        stopped = await _paused(account.reserve(MOST, cap))
        assert stopped is not None
        assert stopped.reason is PauseReason.SPEND_CAP
        assert "1 calls, 50 tokens" in str(stopped)


class LanesContract:
    """Invariants of the book of provider limits. A test class derives from it and gives `storage`.

    1. calls are booked evenly behind a burst, one after the other, whichever worker they come from;
    2. time frees a lane;
    3. tokens count by how many there are, more than a burst of them too;
    4. lanes do not mix.
    """

    LIMIT = LaneLimit(requests=Pace(per_minute=60))

    async def test_1_workers_that_book_at_once_get_one_moment_each(self, storage: LedgerStorage) -> None:
        ledgers = [storage.open(), storage.open()]
        booked = [ledgers[n % 2].lanes.book("lane", self.LIMIT, 1) for n in range(30)]
        waits = sorted(await asyncio.gather(*booked))
        assert all(n - _LATE_S * 3 <= wait_s <= n for n, wait_s in enumerate(waits))

    async def test_2_time_frees_a_lane(self, storage: LedgerStorage) -> None:
        lanes = storage.open().lanes
        waits = [await lanes.book("lane", self.LIMIT, 1) for _ in range(8)]
        assert 7 - _LATE_S * 3 <= waits[-1] <= 7
        storage.let_pass(8)
        assert await lanes.book("lane", self.LIMIT, 1) == 0

    async def test_3_tokens_count_by_how_many_there_are(self, storage: LedgerStorage) -> None:
        lanes, limit = storage.open().lanes, LaneLimit(tokens=Pace(per_minute=600))
        assert await lanes.book("lane", limit, 200) == 0
        assert 19 - _LATE_S <= await lanes.book("lane", limit, 10) <= 21

    async def test_3_the_tighter_limit_counts(self, storage: LedgerStorage) -> None:
        lanes = storage.open().lanes
        limit = LaneLimit(requests=Pace(per_minute=60), tokens=Pace(per_minute=600))
        await lanes.book("lane", limit, 600)
        assert 55 <= await lanes.book("lane", limit, 1) <= 61

    async def test_4_lanes_do_not_mix(self, storage: LedgerStorage) -> None:
        lanes = storage.open().lanes
        await lanes.book("one", self.LIMIT, 1)
        assert await lanes.book("two", self.LIMIT, 1) == 0


async def _refused(ledger: Ledger) -> bool:
    try:
        await ledger.lookup(["key"])
    except StorageFailed as error:
        return "closed" in str(error)
    return False


async def _paused(call: Awaitable[object]) -> RunPaused | None:
    try:
        await call
    except RunPaused as stopped:
        return stopped
    return None
