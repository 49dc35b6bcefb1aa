"""The stand-in model server over a real socket."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import httpx
import pytest

from experiments.standin import (
    CRITERION,
    Fault,
    FaultKind,
    KnownBetterPrompt,
    StandIn,
    WorldRow,
    make_rows,
)

ROWS = make_rows(seed=3, rows=60)


def body(row: WorldRow = ROWS[0], instruction: str = "Judge the reply.") -> dict[str, object]:
    system = f'{instruction} Answer in JSON with "rationale" and "verdict".'
    user = f"{CRITERION}\n\n{row.input}\n\n{row.output}"
    messages = [{"role": "system", "content": system}, {"role": "user", "content": user}]
    return {"model": "simulated", "messages": messages}


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn(KnownBetterPrompt(ROWS)) as server:
        yield server


def ask(
    server: StandIn, row: WorldRow = ROWS[0], *, key: str = "k", timeout_s: float = 5.0
) -> httpx.Response:
    headers = {"authorization": f"Bearer {key}"}
    url = f"{server.api_base}/chat/completions"
    return httpx.post(url, json=body(row), headers=headers, timeout=timeout_s)


def content(response: httpx.Response) -> dict[str, str]:
    loaded: dict[str, str] = json.loads(response.json()["choices"][0]["message"]["content"])
    return loaded


def test_a_judge_request_is_answered_with_the_fields_that_it_names(server: StandIn) -> None:
    answer = content(ask(server))
    assert set(answer) == {"rationale", "verdict"}
    assert answer["verdict"] in {"pass", "fail"}


def test_the_model_list_names_the_model(server: StandIn) -> None:
    listed = httpx.get(f"{server.api_base}/models").json()
    assert [model["id"] for model in listed["data"]] == ["simulated"]


def test_answers_are_counted_and_logged_with_a_hash_of_the_body(server: StandIn) -> None:
    for row in (ROWS[0], ROWS[1], ROWS[0]):
        ask(server, row)
    assert [call.number for call in server.calls] == [1, 2, 3]
    assert server.calls[0].body_hash == server.calls[2].body_hash != server.calls[1].body_hash
    assert server.paid_twice == 1


def test_an_answer_carries_token_counts_unless_they_are_switched_off(server: StandIn) -> None:
    assert ask(server).json()["usage"]["prompt_tokens"] > 10
    server.faults.usage = False
    assert "usage" not in ask(server).json()


def test_a_rate_limited_call_says_when_to_come_back(server: StandIn) -> None:
    server.faults.add(Fault(kind=FaultKind.RATE_LIMITED, calls=frozenset({1}), retry_after_s=3600))
    first, second = ask(server), ask(server)
    assert (first.status_code, first.headers["retry-after"]) == (429, "3600")
    assert second.status_code == 200
    assert len(server.calls) == 1


def test_a_server_error_is_500(server: StandIn) -> None:
    server.faults.add(Fault(kind=FaultKind.SERVER_ERROR))
    assert ask(server).status_code == 500
    server.faults.clear()
    assert ask(server).status_code == 200


def test_a_hanging_call_never_answers_and_is_logged_as_abandoned(server: StandIn) -> None:
    server.faults.add(Fault(kind=FaultKind.HANG))
    with pytest.raises(httpx.ReadTimeout):
        ask(server, timeout_s=0.2)
    deadline = time.monotonic() + 5
    while not server.log and time.monotonic() < deadline:
        time.sleep(0.01)
    assert [call.outcome for call in server.log] == ["abandoned"]


def test_a_cut_body_ends_before_its_length(server: StandIn) -> None:
    server.faults.add(Fault(kind=FaultKind.CUT_BODY))
    with pytest.raises(httpx.RemoteProtocolError):
        ask(server)


def test_a_server_that_is_down_from_a_call_on_closes_the_connection(server: StandIn) -> None:
    server.faults.add(Fault(kind=FaultKind.DOWN, from_call=3))
    assert [ask(server).status_code for _ in range(2)] == [200, 200]
    with pytest.raises(httpx.HTTPError):
        ask(server)
    assert len(server.calls) == 2


def test_a_wrong_format_is_prose(server: StandIn) -> None:
    server.faults.add(Fault(kind=FaultKind.WRONG_FORMAT))
    with pytest.raises(json.JSONDecodeError):
        content(ask(server))
    assert server.calls[0].outcome == "wrong_format"


def test_a_refusal_has_no_content(server: StandIn) -> None:
    server.faults.add(Fault(kind=FaultKind.REFUSAL))
    message = ask(server).json()["choices"][0]["message"]
    assert message["content"] is None
    assert message["refusal"]


def test_an_empty_body_and_broken_json_are_200(server: StandIn) -> None:
    server.faults.add(
        Fault(kind=FaultKind.EMPTY_BODY, calls=frozenset({1})),
        Fault(kind=FaultKind.INVALID_JSON, calls=frozenset({2})),
    )
    empty, broken = ask(server), ask(server)
    assert (empty.status_code, empty.content) == (200, b"")
    assert broken.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        broken.json()


def test_a_wrong_key_is_401(server: StandIn) -> None:
    server.faults.accepted_key = "right"
    assert ask(server, key="wrong").status_code == 401
    assert ask(server, key="right").status_code == 200
    assert [call.outcome for call in server.log] == ["unauthorized", "answered"]


def test_a_rate_strikes_about_that_share_of_the_calls(server: StandIn) -> None:
    server.faults.add(Fault(kind=FaultKind.SERVER_ERROR, rate=0.5))
    with httpx.Client() as client:
        codes = [
            client.post(f"{server.api_base}/chat/completions", json=body()).status_code for _ in range(100)
        ]
    assert 30 < codes.count(500) < 70


def test_added_latency_delays_an_answer(server: StandIn) -> None:
    server.faults.latency_ms = 150
    begin = time.monotonic()
    ask(server)
    assert time.monotonic() - begin >= 0.15


def test_an_unreadable_request_is_400(server: StandIn) -> None:
    url = f"{server.api_base}/chat/completions"
    assert httpx.post(url, content=b"{").status_code == 400
    assert httpx.post(url, json={"messages": []}).status_code == 400


def test_a_chunked_body_is_understood(server: StandIn) -> None:
    whole = json.dumps(body()).encode()
    chunks = (whole[:100], whole[100:])
    response = httpx.post(f"{server.api_base}/chat/completions", content=iter(chunks))
    assert "verdict" in content(response)


def test_switches_can_be_turned_over_http(server: StandIn) -> None:
    control = server.api_base.removesuffix("/v1")
    wanted = {"latency_ms": 0, "faults": [{"kind": "server_error", "calls": [1]}]}
    assert httpx.put(f"{control}/faults", json=wanted).status_code == 200
    assert [ask(server).status_code, ask(server).status_code] == [500, 200]
    assert [call["outcome"] for call in httpx.get(f"{control}/log").json()] == ["server_error", "answered"]


def test_leaving_the_block_ends_the_thread_even_while_a_call_hangs() -> None:
    before = threading.active_count()
    hanging = StandIn(KnownBetterPrompt(ROWS), faults=[Fault(kind=FaultKind.HANG)])
    with hanging as server, pytest.raises(httpx.ReadTimeout):
        ask(server, timeout_s=0.1)
    assert threading.active_count() <= before


def test_a_port_in_use_is_an_error_in_the_caller(server: StandIn) -> None:
    port = int(server.api_base.split(":")[2].split("/")[0])
    with pytest.raises(OSError, match="address already in use"), StandIn(KnownBetterPrompt(ROWS), port=port):
        pass


def test_it_runs_as_a_command() -> None:
    command = [sys.executable, "-m", "experiments.standin", "--port", "0", "--rows", "30"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().split()[-1]
        assert httpx.get(f"{address}/models").status_code == 200
    finally:
        process.terminate()
        assert process.wait(timeout=10) == 0
        process.communicate()
