"""The client against a scripted server on a real socket."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from service.client import ConcordClient
from service.client_errors import Refused, Unreachable
from service.client_models import Run
from service.client_wire import parse_events

PROBLEM = {
    "title": "Rows of the dataset are unusable",
    "status": 422,
    "code": "dataset_rejected",
    "detail": "1 row problem(s)",
    "problems": [
        {"line": 7, "column": "label", "value": "maybe", "message": "unknown", "allowed": "pass, fail"}
    ],
}


@dataclass
class Script:
    """What the server does, request by request, and what it was sent."""

    answers: list[Callable[["Handler"], None]] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    url: str = ""


class Handler(BaseHTTPRequestHandler):
    script: Script

    def handle_one(self) -> None:
        length = int(self.headers.get("content-length", 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.script.seen.append((self.command, self.path, headers, self.rfile.read(length)))
        self.script.answers.pop(0)(self)

    do_GET = do_POST = do_PUT = do_DELETE = handle_one  # noqa: N815  # the names that http.server calls

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


def answer(body: object, status: int = 200) -> Callable[[Handler], None]:
    def send(handler: Handler) -> None:
        text = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("content-length", str(len(text)))
        handler.end_headers()
        handler.wfile.write(text)

    return send


def hang_up(handler: Handler) -> None:
    handler.connection.close()


@pytest.fixture
def script() -> Iterator[Script]:
    script = Script()
    handler = type("Scripted", (Handler,), {"script": script})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        script.url = f"http://127.0.0.1:{server.server_port}"
        yield script
        server.shutdown()
        thread.join()


@pytest.fixture
def client(script: Script) -> Iterator[ConcordClient]:
    with ConcordClient(script.url, api_key="secret-1") as client:
        yield client


def test_the_key_goes_along_with_every_request(client: ConcordClient, script: Script) -> None:
    script.answers = [answer({"status": "ok"})]
    client.health()
    method, path, headers, _ = script.seen[0]
    assert (method, path, headers["authorization"]) == ("GET", "/api/health", "Bearer secret-1")


def test_a_refusal_names_title_detail_and_rows(client: ConcordClient, script: Script) -> None:
    script.answers = [answer(PROBLEM, 422)]
    with pytest.raises(Refused) as refused:
        client.upload_dataset(io.BytesIO(b"x"), name="n", criterion="c")
    assert (refused.value.status, refused.value.code) == (422, "dataset_rejected")
    assert "Rows of the dataset are unusable (422): 1 row problem(s)" in str(refused.value)
    assert "line 7, column 'label', value 'maybe': unknown (allowed: pass, fail)" in str(refused.value)


def test_a_refusal_that_is_no_json_shows_its_text(client: ConcordClient, script: Script) -> None:
    script.answers = [answer("Bad gateway", 502)]
    with pytest.raises(Refused, match=r"HTTP 502 \(502\): Bad gateway"):
        client.run("r1")


def test_a_page_of_another_server_is_not_shown_but_told(client: ConcordClient, script: Script) -> None:
    def page(handler: Handler) -> None:
        handler.send_response(404)
        handler.send_header("content-type", "text/html; charset=utf-8")
        handler.send_header("content-length", "0")
        handler.end_headers()

    script.answers = [page]
    with pytest.raises(Refused, match=r"/api/runs/r1 is not Concord's API"):
        client.run("r1")


def test_a_file_is_sent_with_its_name_and_how_to_read_it(client: ConcordClient, script: Script) -> None:
    script.answers = [answer({"id": "d1", "name": "n", "rows": 3}, 201)]
    dataset = client.upload_dataset(
        io.BytesIO(b"a;b"), name="n", criterion="c", label_mapping={"1": "fail"}, columns={"output": "reply"}
    )
    body = script.seen[0][3]
    assert dataset.id == "d1"
    assert b'filename="rows.csv"' in body
    assert b'{"1": "fail"}' in body
    assert b'{"output": "reply"}' in body


def test_a_file_is_looked_at_with_how_to_read_it(client: ConcordClient, script: Script) -> None:
    script.answers = [answer({"rows": 1, "usable": 1})]
    found = client.inspect_file(io.BytesIO(b"a;b"), columns={"output": "reply"})
    assert (found["rows"], script.seen[0][:2]) == (1, ("POST", "/api/datasets/inspect"))
    assert b'{"output": "reply"}' in script.seen[0][3]


def test_a_person_s_list_and_marks_are_asked_for_by_their_name(client: ConcordClient, script: Script) -> None:
    script.answers = [answer({"rows": []}), answer({"kind": "skip"}), answer("", 204)]
    client.worklist("d1", "anna b", order="random", seed=3)
    client.put_mark("d1", "a/b", "anna b", kind="skip")
    client.remove_mark("d1", "a/b", "anna b")
    mark = "/api/datasets/d1/examples/a%2Fb/marks/anna%20b"
    assert [request[:2] for request in script.seen] == [
        ("GET", "/api/datasets/d1/worklist?annotator=anna+b&order=random&seed=3"),
        ("PUT", mark),
        ("DELETE", mark),
    ]
    assert json.loads(script.seen[1][3]) == {"kind": "skip"}


def test_pages_are_followed_to_the_end(client: ConcordClient, script: Script) -> None:
    pages = [
        {"items": [{"id": "a", "name": "A"}], "next": "c1"},
        {"items": [{"id": "b", "name": "B"}], "next": None},
    ]
    script.answers = [answer(page) for page in pages]
    assert [dataset.id for dataset in client.datasets()] == ["a", "b"]
    assert script.seen[1][1] == "/api/datasets?cursor=c1"


def test_an_answer_keeps_the_fields_that_the_client_does_not_know(
    client: ConcordClient, script: Script
) -> None:
    script.answers = [answer({"id": "r", "status": "running", "seed": 3})]
    assert client.run("r").model_dump()["seed"] == 3


def test_a_get_is_repeated_when_the_connection_breaks(client: ConcordClient, script: Script) -> None:
    script.answers = [hang_up, answer({"id": "r", "status": "running"})]
    assert client.run("r").status == "running"
    assert len(script.seen) == 2


def test_a_start_is_repeated_under_one_idempotency_key(client: ConcordClient, script: Script) -> None:
    script.answers = [hang_up, answer({"id": "r", "status": "queued"}, 202)]
    client.start_run("d1", strategy="gepa", seed=3)
    keys = [headers["idempotency-key"] for _, _, headers, _ in script.seen]
    assert keys[0] == keys[1]
    assert json.loads(script.seen[0][3]) == {"dataset_id": "d1", "strategy": "gepa", "seed": 3}


def test_a_post_without_a_key_is_not_repeated(client: ConcordClient, script: Script) -> None:
    script.answers = [hang_up]
    with pytest.raises(Unreachable):
        client.append_examples("d1", [{"id": "1", "input": "i", "output": "o"}])
    assert len(script.seen) == 1


def test_no_server_is_told_with_its_address() -> None:
    with ConcordClient("http://127.0.0.1:9") as client, pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        client.health()


def test_ids_with_slashes_and_spaces_stay_one_segment(client: ConcordClient, script: Script) -> None:
    script.answers = [answer({})]
    client.put_label("d1", "a/b c", "Ann Ö", label="fail", critique="too long")
    assert script.seen[0][1] == "/api/datasets/d1/examples/a%2Fb%20c/labels/Ann%20%C3%96"


def test_verdicts_of_one_cell_and_two_runs_are_asked_for_by_name(
    client: ConcordClient, script: Script
) -> None:
    script.answers = [answer({"items": [{"example_id": "r"}], "next": None}), answer({"why_not": "queued"})]
    assert [row["example_id"] for row in client.verdicts("e1", cell="fn")] == ["r"]
    assert client.compare_runs("run_1", "run_2") == {"why_not": "queued"}
    assert [path for _, path, _, _ in script.seen] == [
        "/api/evaluations/e1/verdicts?cell=fn",
        "/api/runs/compare?a=run_1&b=run_2",
    ]


def test_waiting_ends_when_the_run_is_at_rest(client: ConcordClient, script: Script) -> None:
    script.answers = [answer({"id": "r", "status": status}) for status in ("queued", "running", "paused")]
    seen: list[str] = []
    script.answers.insert(0, answer({"id": "r", "status": "queued"}))
    run = client.wait(client.run("r"), on_change=lambda run: seen.append(run.status))
    assert run.status == "paused"
    assert seen == ["queued", "running", "paused"]


def test_waiting_too_long_says_so(client: ConcordClient, script: Script) -> None:
    script.answers = [answer({"id": "r", "status": "running"}) for _ in range(9)]
    with pytest.raises(TimeoutError, match="r is still running after 0 s"):
        client.wait(client.run("r"), timeout_s=0)


def stream(*events: str) -> Callable[[Handler], None]:
    def send(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.end_headers()
        handler.wfile.write("".join(events).encode())

    return send


def test_a_stream_that_ends_early_is_taken_up_after_the_last_event(
    client: ConcordClient, script: Script
) -> None:
    script.answers = [
        stream('id: 1\nevent: progress\ndata: {"done": 1}\n\n'),
        answer({"id": "r", "status": "running"}),
        stream(': still here\n\nid: 2\nevent: status\ndata: {"status": "succeeded"}\n\n'),
        answer({"id": "r", "status": "succeeded"}),
    ]
    events = list(client.events(Run(id="r", status="running")))
    assert [(event.id, event.kind) for event in events] == [("1", "progress"), ("2", "status")]
    assert script.seen[2][2]["last-event-id"] == "1"


def test_a_pause_in_the_past_does_not_end_the_stream_of_a_resumed_run(
    client: ConcordClient, script: Script
) -> None:
    told = "".join(
        f'id: {n}\nevent: status\ndata: {{"status": "{s}"}}\n\n'
        for n, s in enumerate(["paused", "cancelled"])
    )
    script.answers = [
        stream(told),
        answer({"id": "r", "status": "running"}),
        answer({"id": "r", "status": "cancelled"}),
    ]
    statuses = [event.data["status"] for event in client.events(Run(id="r", status="running"))]
    assert statuses == ["paused", "cancelled"]


def test_events_may_span_lines_and_be_interrupted_by_comments() -> None:
    lines = ["event: trial", 'data: {"number":', ": ping", "data: 4}", "", "data: 1", "", "id: 9", ""]
    events = list(parse_events(lines))
    assert [(event.kind, event.data) for event in events] == [("trial", {"number": 4}), ("message", 1)]
