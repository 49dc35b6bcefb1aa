"""What every strategy keeps to, however it finds its candidates."""

# ruff: noqa: D102  # the class lists its tests by number

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from optimizers.errors import (
    AuthenticationFailed,
    BudgetExhausted,
    InvalidInput,
    PauseReason,
    ProviderUnavailable,
    RunCancelled,
    RunPaused,
)
from optimizers.lm.control import RunControl
from optimizers.protocols import Strategy
from optimizers.testing.lab import IN_FLIGHT, JUDGE, Before, Finished, Lab
from optimizers.testing.world import JudgeWorld
from optimizers.types import Candidate, Message, ModelRequest, Part, VerbatimPrompt

MakeStrategy = Callable[..., Strategy]


class StrategyContract:
    """Invariants of a search.

    A test class derives from it and gives a fixture `make_strategy`, one line for each strategy: a
    function from options to a new strategy. All of it runs on a small synthetic world, behind the real
    gateway:

    1. the ledger, the account and the run agree with the calls that the model counted;
    2. nothing is asked twice;
    3. the same seed gives the same run;
    4. a repeated run pays nothing and finds the same;
    5. test rows are never seen;
    6. dev rows are judged, and shown to nobody: not as examples, not to a proposer;
    7. the best never falls, and only complete trials can be it;
    8. the budget is never exceeded, however small;
    9. a run without a budget ends;
    10. a run that was paused at any call and resumed equals one that was not;
    11. so does one that was paused by an outage of the provider, which is never a score;
    12. a cancelled run stops at once;
    13. a wrong key ends the run as what it is;
    14. an unknown option, or one out of range, is refused by name;
    15. the same object runs twice, and in two threads at once;
    16. a proposer that talks nonsense, or says nothing, does no harm;
    17. so do a training set that is tiny, empty or of one class, and a dev set of one class;
    18. a verbatim baseline stays in the race as it is, and is sent as it is.
    """

    def test_1_the_books_agree(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        run = Lab(ledger=tmp_path / "ledger").run(make_strategy())
        assert ended(run)
        assert run.calls == run.paid.calls
        assert run.usage.calls - run.usage.cached_calls == run.calls
        assert sum(trial.usage.calls for trial in run.trials) <= run.usage.calls

    def test_2_nothing_is_asked_twice(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        run = Lab(ledger=tmp_path / "ledger").run(make_strategy())
        assert len({request.key for request in run.requests}) == run.calls

    def test_3_the_same_seed_gives_the_same_run(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        runs = [Lab(ledger=tmp_path / name).run(make_strategy(), seed=5) for name in ("one", "two")]
        assert runs[0].found == runs[1].found
        assert {r.key for r in runs[0].requests} == {r.key for r in runs[1].requests}
        assert runs[0].usage.calls == runs[1].usage.calls

    def test_4_a_repeated_run_pays_nothing(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        lab = Lab(ledger=tmp_path / "ledger")
        first, second = lab.run(make_strategy()), lab.run(make_strategy())
        assert second.calls == 0
        assert second.found == first.found
        assert second.usage.calls == first.usage.calls

    def test_5_test_rows_are_never_seen(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        lab = Lab(ledger=tmp_path / "ledger")
        run = lab.run(make_strategy())
        hidden = [row.example.output for row in lab.world.snapshot().part(Part.TEST)]
        assert not [r for r in run.requests if any(text in said(r.messages) for text in hidden)]

    def test_6_dev_rows_are_judged_and_never_shown(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        lab = Lab(ledger=tmp_path / "ledger")
        dev = [row.example.output for row in lab.problem().dev]
        for request in lab.run(make_strategy()).requests:
            shown = request.messages[:-1] if request.model == JUDGE else request.messages
            assert not [text for text in dev if text in said(shown)]

    def test_7_the_best_never_falls(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        run = Lab(ledger=tmp_path / "ledger").run(make_strategy(), calls=300)
        kappas = [kappa for kappa in run.best if kappa is not None]
        assert kappas == sorted(kappas)
        complete = [t.kappa for t in run.trials if t.complete and t.kappa is not None]
        assert kappas[-1] == max(complete)
        assert [t.number for t in run.trials] == list(range(len(run.trials)))

    def test_8_the_budget_is_never_exceeded(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        for calls in (0, 1, 23, 24, 25, 40, 60, 90, 140, 200):
            run = Lab(ledger=tmp_path / "ledger").run(make_strategy(), calls=calls)
            assert ended(run) or isinstance(run.stopped, BudgetExhausted), run.stopped
            assert run.usage.calls <= calls

    def test_9_a_run_without_a_budget_ends(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        run = Lab(ledger=tmp_path / "ledger").run(make_strategy(), calls=None)
        assert ended(run)
        assert any(trial.complete for trial in run.trials)

    def test_10_a_resumed_run_equals_an_uninterrupted_one(
        self, make_strategy: MakeStrategy, tmp_path: Path
    ) -> None:
        whole = Lab(ledger=tmp_path / "whole").run(make_strategy())
        for call in (1, 2, whole.calls // 3, whole.calls // 2, whole.calls - 1, whole.calls):
            lab = Lab(ledger=tmp_path / f"paused at {call}")
            paused = lab.run(make_strategy(), before=_pause_at(call))
            assert isinstance(paused.stopped, RunPaused), call
            resumed = lab.run(make_strategy())
            assert resumed.found == whole.found, call
            assert resumed.usage.calls == whole.usage.calls
            assert paused.calls + resumed.calls <= whole.calls + IN_FLIGHT

    def test_11_an_outage_pauses_and_is_never_a_score(
        self, make_strategy: MakeStrategy, tmp_path: Path
    ) -> None:
        whole = Lab(ledger=tmp_path / "whole").run(make_strategy())
        for call in (1, whole.calls // 3, whole.calls // 2, whole.calls):
            lab = Lab(ledger=tmp_path / f"down from {call}")
            down = lab.run(make_strategy(), before=_down_from(call))
            assert isinstance(down.stopped, RunPaused), (call, down.stopped)
            assert down.stopped.reason is PauseReason.PROVIDER
            assert down.found == whole.found[: len(down.found)]
            assert lab.run(make_strategy()).found == whole.found

    def test_12_a_cancelled_run_stops_at_once(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        whole = Lab(ledger=tmp_path / "whole").run(make_strategy())
        for call in (1, whole.calls // 2, whole.calls):
            run = Lab(ledger=tmp_path / f"cancelled at {call}").run(make_strategy(), before=_cancel_at(call))
            assert isinstance(run.stopped, RunCancelled), call
            assert run.calls < call + IN_FLIGHT

    def test_13_a_wrong_key_ends_the_run_as_what_it_is(
        self, make_strategy: MakeStrategy, tmp_path: Path
    ) -> None:
        whole = Lab(ledger=tmp_path / "whole").run(make_strategy())
        for call in (1, whole.calls // 3, whole.calls // 2, whole.calls):
            run = Lab(ledger=tmp_path / f"refused at {call}").run(make_strategy(), before=_refuse_from(call))
            assert isinstance(run.stopped, AuthenticationFailed), (call, run.stopped)
            assert "key is wrong" in str(run.stopped)
            assert run.calls < call + IN_FLIGHT

    def test_14_options_are_validated_by_name(self, make_strategy: MakeStrategy) -> None:
        try:
            make_strategy(nonesuch=1)
        except InvalidInput as refusal:
            assert "nonesuch" in str(refusal)  # noqa: PT017  # shipped without a test library
        else:
            raise AssertionError("an unknown option was accepted")

    def test_15_one_object_runs_twice_and_in_two_threads(
        self, make_strategy: MakeStrategy, tmp_path: Path
    ) -> None:
        strategy = make_strategy()
        labs = [Lab(ledger=tmp_path / name) for name in ("one", "two", "three")]
        first = labs[0].run(strategy)
        with ThreadPoolExecutor(2) as pool:
            others = list(pool.map(lambda lab: lab.run(strategy), labs[1:]))
        assert [run.found for run in others] == [first.found] * 2

    def test_16_a_useless_proposer_does_no_harm(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        for number, words in enumerate(("", "?!", "{", '{"instruction": ""}', "[[ ## ]]", "same " * 9999)):
            lab = Lab(ledger=tmp_path / str(number), script=_mute(words))
            run = lab.run(make_strategy())
            assert ended(run), (words[:20], run.stopped)
            assert run.trials[0].candidate == Candidate()

    def test_17_scarce_rows_do_no_harm(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        for number, world in enumerate(
            (
                JudgeWorld(train=0, dev=10, test=0),
                JudgeWorld(train=1, dev=10, test=0),
                JudgeWorld(train=3, dev=3, test=0),
                JudgeWorld(train=12, dev=12, test=0, fail_share=0.0),
                JudgeWorld(train=12, dev=12, test=0, fail_share=1.0),
            )
        ):
            run = Lab(ledger=tmp_path / str(number), world=world).run(make_strategy())
            assert ended(run), (world, run.stopped)
            assert run.trials[0].complete

    def test_18_a_verbatim_baseline_stays_as_it_is(self, make_strategy: MakeStrategy, tmp_path: Path) -> None:
        words = 'Is this reply fine?\n{{output}}\nAnswer as {"verdict": "..."} with pass or fail.'
        own = Candidate(verbatim=VerbatimPrompt(messages=(Message(role="user", content=words),)))
        lab = Lab(ledger=tmp_path / "ledger", baseline=own)
        run = lab.run(make_strategy())
        assert ended(run)
        assert run.trials[0].candidate == own
        first = lab.problem().dev[0].example
        sent = [r.messages for r in run.requests if said(r.messages).startswith("Is this reply fine?")]
        assert words.replace("{{output}}", first.output) in [said(messages) for messages in sent]
        assert all(trial.candidate.verbatim is None for trial in run.trials[1:])


def ended(run: Finished) -> bool:
    """Whether it came to its end by itself."""
    return run.stopped is None


def said(messages: tuple[Message, ...]) -> str:
    """All that messages say."""
    return "\n".join(message.content for message in messages)


def _pause_at(call: int) -> Before:
    def before(number: int, control: RunControl) -> None:
        if number == call:
            control.pause(PauseReason.BY_HAND, "by the contract")

    return before


def _cancel_at(call: int) -> Before:
    def before(number: int, control: RunControl) -> None:
        if number == call:
            control.cancel()

    return before


def _down_from(call: int) -> Before:
    def before(number: int, _: RunControl) -> None:
        if number >= call:
            raise ProviderUnavailable("the contract's provider is down", charged=False)

    return before


def _refuse_from(call: int) -> Before:
    def before(number: int, _: RunControl) -> None:
        if number >= call:
            raise AuthenticationFailed("the contract's key is wrong")

    return before


def _mute(words: str) -> Callable[[ModelRequest], str]:
    """The world's judge beside a proposer that always answers `words`."""
    world = JudgeWorld(train=24, dev=24, test=24)
    return lambda request: world.answer(request) if request.model == JUDGE else words
