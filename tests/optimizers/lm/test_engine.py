"""DSPy through the gateway: counted, kept, stopped."""

import asyncio
import copy
import json
import pickle
from collections.abc import Iterator
from pathlib import Path

import dspy
import pytest
from dspy import lm15
from dspy.utils.exceptions import LMInvalidRequestError, LMUnsupportedFeatureError

from experiments.standin import Fault, FaultKind, StandIn
from optimizers.errors import (
    AuthenticationFailed,
    BudgetExhausted,
    PauseReason,
    RunCancelled,
    RunFailed,
    RunPaused,
)
from optimizers.lm import (
    BackgroundLoop,
    Gateway,
    GatewaySettings,
    RetryPolicy,
    Routes,
    RunControl,
    Session,
    SqliteLedger,
)
from optimizers.lm.engine import dspy_lm
from optimizers.types import Budget, Decoding, Message, ModelRef, ModelRequest

SETTINGS = GatewaySettings(timeout_s=5, retry=RetryPolicy(max_attempts=2, first_backoff_s=0.01), linger_s=0.5)


@pytest.fixture
def loop() -> Iterator[BackgroundLoop]:
    with BackgroundLoop() as loop:
        yield loop


@pytest.fixture
def gateway(ledger: SqliteLedger, loop: BackgroundLoop, key: str) -> Iterator[Gateway]:
    gateway = Gateway(ledger, Routes({"OPENAI_API_KEY": key}, timeout_s=5), settings=SETTINGS)
    yield gateway
    loop.run(gateway.aclose())


@pytest.fixture
def session(gateway: Gateway) -> Session:
    return gateway.session("run", Budget(max_calls=200), control=RunControl())


@pytest.fixture
def model(server: StandIn) -> ModelRef:
    return ModelRef(name="openai/simulated", api_base=server.api_base)


@pytest.fixture
def lm(session: Session, loop: BackgroundLoop, model: ModelRef) -> Iterator[dspy.LM]:
    lm = dspy_lm(session, loop, model, Decoding(max_tokens=200), purpose="judge")
    with dspy.context(lm=lm, disable_history=True, adapter=dspy.ChatAdapter(use_json_adapter_fallback=False)):
        yield lm


def predict(text: str = "A reply.", **config: object) -> str:
    return str(dspy.Predict("reply -> verdict")(reply=text, config=config).verdict)


def dataset(rows: int) -> list[dspy.Example]:
    return [dspy.Example(reply=f"Reply {n}.").with_inputs("reply") for n in range(rows)]


def evaluate(rows: int, threads: int = 4) -> float:
    run = dspy.Evaluate(
        devset=dataset(rows), metric=lambda *_: 1, num_threads=threads, display_progress=False
    )
    return float(run(dspy.Predict("reply -> verdict")).score)


def test_a_repeated_prediction_is_paid_once(lm: dspy.LM, server: StandIn, session: Session) -> None:
    assert predict() == predict()
    assert (server.received, session.usage.calls, session.usage.cached_calls) == (1, 2, 1)


def test_rollouts_differ_and_each_repeats_itself(lm: dspy.LM, server: StandIn) -> None:
    def roll(number: int) -> None:
        with dspy.context(lm=lm.copy(rollout_id=number, temperature=1.0)):
            predict()

    for number in (1, 2, 3, 2, 1):
        roll(number)
    assert server.received == 3


def test_a_rollout_of_one_call_does_not_stick_to_the_next(lm: dspy.LM, server: StandIn) -> None:
    predict()
    predict(rollout_id=7, temperature=0.5)
    predict()
    assert server.received == 2


def test_several_answers_of_one_call_are_questions_of_their_own(lm: dspy.LM, server: StandIn) -> None:
    predict(n=3, temperature=1.0)
    assert server.received == 3
    predict(n=3, temperature=1.0)
    assert server.received == 3


def test_the_asynchronous_side_shares_the_ledger(lm: dspy.LM, server: StandIn) -> None:
    predict()
    answer = asyncio.run(dspy.Predict("reply -> verdict").acall(reply="A reply."))
    assert answer.verdict
    assert server.received == 1


def test_dspys_question_is_the_evaluators_question(
    lm: dspy.LM, session: Session, loop: BackgroundLoop, model: ModelRef, server: StandIn
) -> None:
    lm(lm15.Request(model=lm.model, system="Judge.", messages=(lm15.Message.user("A reply."),)))
    messages = (Message(role="system", content="Judge."), Message(role="user", content="A reply."))
    asked = ModelRequest(model=model, messages=messages, decoding=Decoding(max_tokens=200))
    assert loop.run(session.ask(asked)).cached
    assert server.received == 1


def test_settings_of_a_call_go_before_those_of_the_model(lm: dspy.LM, server: StandIn) -> None:
    predict()
    predict(max_tokens=300)
    predict(max_tokens=200)
    assert server.received == 2


def test_a_provider_that_fails_pauses_the_run_instead_of_scoring_zero(
    lm: dspy.LM, server: StandIn, session: Session
) -> None:
    server.faults.add(Fault(kind=FaultKind.SERVER_ERROR, from_call=10))
    with pytest.raises(RunPaused, match="the judge model cannot be asked") as paused:
        evaluate(40)
    assert paused.value.reason is PauseReason.PROVIDER
    server.faults.clear()
    with pytest.raises(RunPaused):
        predict("Another reply.")


def test_a_wrong_key_fails_the_run_whoever_calls_next(
    lm: dspy.LM, server: StandIn, session: Session, loop: BackgroundLoop, model: ModelRef
) -> None:
    server.faults.accepted_key = "another"
    with pytest.raises(RunFailed, match="Incorrect API key") as failed:
        predict()
    assert isinstance(failed.value.error, AuthenticationFailed)
    question = ModelRequest(model=model, messages=(Message(role="user", content="Another."),))
    with pytest.raises(RunFailed, match="Incorrect API key"):
        loop.run(session.ask(question))


def test_a_cancel_passes_through_dspy(lm: dspy.LM, server: StandIn, session: Session) -> None:
    session.control.cancel()
    with pytest.raises(RunCancelled):
        evaluate(10)
    assert server.received == 0


def test_the_end_of_the_budget_passes_through_dspy(
    gateway: Gateway, loop: BackgroundLoop, model: ModelRef, server: StandIn
) -> None:
    session = gateway.session("run", Budget(max_calls=12))
    with dspy.context(lm=dspy_lm(session, loop, model, Decoding()), disable_history=True):
        with pytest.raises(BudgetExhausted):
            evaluate(40, threads=1)
        session.reserve_final(0)
    assert server.received == session.usage.calls == 12


def test_a_rejected_request_is_that_rows_error_alone(
    lm: dspy.LM, session: Session, loop: BackgroundLoop, model: ModelRef
) -> None:
    impossible = dspy_lm(session, loop, model, Decoding(response_format='{"type": "yaml"}'))
    with pytest.raises(LMInvalidRequestError, match="response_format"):
        impossible("A reply.")
    assert predict()


def test_pictures_and_tools_are_refused_clearly(lm: dspy.LM, server: StandIn) -> None:
    picture = lm15.ImagePart(data="iVBORw0KGgo=", media_type="image/png")
    tool = lm15.FunctionTool(name="f", parameters={"type": "object", "properties": {}})
    hello = lm15.Message.user("hello")
    for request in (
        lm15.Request(model=lm.model, messages=(lm15.Message.user([picture]),)),
        lm15.Request(model=lm.model, messages=(hello,), tools=(tool,)),
    ):
        with pytest.raises(LMUnsupportedFeatureError, match="text only"):
            lm(request)
    assert server.received == 0


def test_a_saved_program_holds_no_key(lm: dspy.LM, tmp_path: Path, key: str) -> None:
    program = dspy.Predict("reply -> verdict")
    program.set_lm(lm)
    predict()
    program.save(tmp_path / "program.json")
    text = (tmp_path / "program.json").read_text()
    assert "openai/simulated" in text
    assert key not in text
    assert key not in json.dumps(lm.dump_state(), default=repr)


def test_a_program_with_the_model_can_be_copied(lm: dspy.LM, server: StandIn) -> None:
    program = dspy.Predict("reply -> verdict")
    program.set_lm(lm)
    assert copy.deepcopy(program)(reply="A reply.").verdict
    with pytest.raises((TypeError, pickle.PicklingError, AttributeError)):
        pickle.dumps(lm)


def test_abilities_come_from_the_packaged_list(
    session: Session, loop: BackgroundLoop, model: ModelRef
) -> None:
    unknown = dspy_lm(session, loop, model, Decoding())
    known = dspy_lm(session, loop, ModelRef(name="openai/gpt-4o-mini"), Decoding())
    assert not unknown.supports_response_schema
    assert "response_format" not in unknown.supported_params
    assert known.supports_response_schema
    assert not known.supports_function_calling


def test_a_model_that_thinks_first_can_be_made(session: Session, loop: BackgroundLoop) -> None:
    assert dspy_lm(session, loop, ModelRef(name="openai/gpt-5-mini"), Decoding()).model == "openai/gpt-5-mini"
