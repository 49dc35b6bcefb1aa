"""What the whole must show before it is called done, over HTTP against the stand-in."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from experiments.runner import RunResult, run_optimization
from experiments.spec import RunSpec
from experiments.standin import CRITERION, Fault, FaultKind, KnownBetterPrompt, StandIn, write_csv
from optimizers.lm import BackgroundLoop, Gateway, GatewaySettings, RetryPolicy, Routes, SqliteLedger
from optimizers.splits import Fractions, assign_parts, row_key
from optimizers.types import Budget, ModelRef, Snapshot, Split
from service.up import own_command
from tests.acceptance.conftest import Site
from tests.service.runs.conftest import ROWS

ROUGH = (
    Fault(kind=FaultKind.RATE_LIMITED, rate=0.05, retry_after_s=3600),
    Fault(kind=FaultKind.SERVER_ERROR, rate=0.05),
    Fault(kind=FaultKind.CUT_BODY, rate=0.05),
    Fault(kind=FaultKind.EMPTY_BODY, rate=0.05),
    Fault(kind=FaultKind.DOWN, rate=0.05),
)
"""A quarter of all calls fails, each for a while."""


# --- a run over HTTP --------------------------------------------------------------------------------


@pytest.fixture
def standin() -> Iterator[StandIn]:
    with StandIn(KnownBetterPrompt(ROWS)) as server:
        yield server


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[SqliteLedger]:
    ledger = SqliteLedger(tmp_path / "ledger.db")
    yield ledger
    ledger.close()


def optimized(standin: StandIn, ledger: SqliteLedger, **spec: object) -> RunResult:
    """A run of this process on the stand-in's model."""
    rows = tuple(sorted((row.labelled for row in ROWS), key=lambda row: row.id))
    split = Split(parts=assign_parts(map(row_key, rows), Fractions()))
    snapshot = Snapshot(dataset_id="world", name="world", criterion=CRITERION, rows=rows, split=split)
    asked = RunSpec(
        run_id="run",
        strategy="instruction_search",
        model=ModelRef(name="openai/simulated", api_base=standin.api_base),
        budget=Budget(max_calls=300),
        simulated=True,
    )
    retry = RetryPolicy(
        max_attempts=12, first_backoff_s=0.01, longest_backoff_s=0.05, longest_retry_after_s=0.05
    )
    with BackgroundLoop() as loop:
        gateway = Gateway(ledger, Routes({"OPENAI_API_KEY": "any"}), settings=GatewaySettings(retry=retry))
        try:
            return run_optimization(replace(asked, **spec), snapshot, gateway, loop)  # type: ignore[arg-type]
        finally:
            loop.run(gateway.aclose())


async def test_a_run_over_a_rough_line_is_the_run_over_a_smooth_one(
    standin: StandIn, ledger: SqliteLedger, tmp_path: Path
) -> None:
    with closing(SqliteLedger(tmp_path / "smooth.db")) as another:
        smooth = optimized(standin, another)
    standin.forget()
    standin.faults.add(*ROUGH)
    rough = optimized(standin, ledger)
    assert rough.artifact.digest == smooth.artifact.digest
    assert standin.received > 1.1 * len(standin.calls)
    assert await ledger.count() == len(standin.calls) == rough.report.spend.calls
    assert standin.paid_twice == 0


def test_a_repeated_run_makes_no_call_and_is_the_same(standin: StandIn, ledger: SqliteLedger) -> None:
    first = optimized(standin, ledger)
    asked = standin.received
    second = optimized(standin, ledger, run_id="again")
    assert standin.received == asked > 0
    assert second.artifact.digest == first.artifact.digest
    assert second.report.spend.paid_calls == 0


# --- `messages` without us --------------------------------------------------------------------------

TWENTY_LINES = """
import json, re, sys, urllib.request
spec, rows = json.loads(sys.argv[1]), json.load(sys.stdin)
place = {text: field for field, text in spec["placeholders"].items()}
either = re.compile("|".join(map(re.escape, place)))
response = spec["response"]
meaning = {response["pass"]: "pass", response["fail"]: "fail"}
url = spec["model"]["api_base"] + "/chat/completions"
for row in rows:
    messages = [
        {**message, "content": either.sub(lambda found: row[place[found[0]]], message["content"])}
        for message in spec["messages"]
    ]
    body = {"model": spec["model"]["name"].split("/")[1], "messages": messages, **spec["decoding"]}
    headers = {"Content-Type": "application/json", "Authorization": "Bearer any"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    answer = json.load(urllib.request.urlopen(request))["choices"][0]["message"]["content"]
    print(meaning[json.loads(answer)[response["field"]]])
"""


def test_twenty_lines_with_messages_judge_as_the_service_does(service: Site, provider: StandIn) -> None:
    run = service.run(provider)
    assert run["status"] == "succeeded", run
    rows = [{"id": row.id, "input": row.input, "output": row.output} for row in ROWS]
    judged = service.post(f"/runs/{run['id']}/judge", {"examples": rows})["verdicts"]
    messages = service.api.get(f"/api/runs/{run['id']}/best", params={"format": "messages"}).text
    theirs = subprocess.run(
        [sys.executable, "-I", "-S", "-c", TWENTY_LINES, messages],  # sees the standard library alone
        input=json.dumps(rows),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert theirs.returncode == 0, theirs.stderr
    assert theirs.stdout.split() == [verdict["verdict"] for verdict in judged]
    assert {"pass", "fail"} == set(theirs.stdout.split())


# --- what is loaded, and when -----------------------------------------------------------------------

CORE = """
import importlib, pkgutil, sys
import optimizers
names = [module.name for module in pkgutil.walk_packages(optimizers.__path__, "optimizers.")]
for name in names:
    importlib.import_module(name)
assert len(names) > 60, names
unwanted = {"mlflow", "fastapi", "litellm", "starlette", "sqlmodel", "sqlalchemy", "dbos", "typer"}
print(sorted(unwanted & set(sys.modules)))
"""

API = """
import sys
from pathlib import Path
from fastapi.testclient import TestClient
from service.app import create_app
from service.settings import Settings

rows = [{"input": f"q{n}", "output": f"a{n}", "label": "pass" if n % 2 else "fail"} for n in range(60)]
with TestClient(create_app(Settings(home=Path(sys.argv[1]))), base_url="http://127.0.0.1") as client:
    assert client.get("/ready").status_code == 200
    made = client.post("/api/datasets", json={"name": "d", "criterion": "c", "examples": rows}).json()
    run = client.post("/api/runs", json={"dataset_id": made["id"]})
    assert run.status_code == 202, run.text
    for path in ("runs", "datasets", "strategies", "models", "openapi.json", f"runs/{run.json()['id']}"):
        assert client.get(f"/api/{path}").status_code == 200, path
unwanted = {"dspy", "optuna", "sklearn", "scipy", "mlflow", "litellm", "matplotlib", "gepa"}
print(sorted(unwanted & set(sys.modules)))
"""


@pytest.mark.parametrize("program", [CORE, API], ids=["the core", "the API"])
def test_it_loads_nothing_that_it_need_not(program: str, tmp_path: Path) -> None:
    command = [sys.executable, "-P", "-c", program, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"


# --- the API as a process ---------------------------------------------------------------------------

READY_WITHIN_S = 120.0
"""Five are promised on a machine that does nothing else; the benchmark measures it."""


@pytest.fixture
def api(tmp_path: Path, unused_tcp_port: int) -> Iterator[tuple[httpx.Client, "subprocess.Popen[bytes]"]]:
    environment = {**os.environ, "CONCORD_HOME": str(tmp_path), "CONCORD_LOG_LEVEL": "WARNING"}
    process = subprocess.Popen(own_command("api", "--port", str(unused_tcp_port)), env=environment, cwd="/")
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{unused_tcp_port}", timeout=100) as client:
            _until_ready(client, process)
            yield client, process
    finally:
        process.kill()
        process.wait()


def _until_ready(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while True:
        try:
            if client.get("/ready").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
        assert process.poll() is None
        assert time.monotonic() < deadline


def test_a_hundred_thousand_rows_are_taken_in_one_request_with_flat_memory(
    api: tuple[httpx.Client, "subprocess.Popen[bytes]"], tmp_path: Path
) -> None:
    client, process = api
    _upload(client, tmp_path / "small.csv", 1_000)
    before = _peak_mib(process.pid)
    assert _upload(client, tmp_path / "large.csv", 100_000) == 100_000
    size = (tmp_path / "large.csv").stat().st_size / 2**20
    assert size > 40
    assert _peak_mib(process.pid) - before < size


def _upload(client: httpx.Client, path: Path, rows: int) -> int:
    with path.open("w") as file:
        file.write("id,input,output,label\n")
        for n in range(rows):
            file.write(f"r{n},question {n} {'q' * 200},answer {n} {'a' * 200},{n % 2}\n")
    with path.open("rb") as file:
        response = client.post("/api/datasets", files={"file": file}, data={"criterion": "c"})
    assert response.status_code == 201, response.text
    return int(response.json()["examples"])


def _peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


# --- whom it contacts -------------------------------------------------------------------------------

WATCHED = """
import atexit, sys

contacted = set()

def watch(event, args):
    if event == "socket.connect":
        contacted.add(str(args[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr", "urllib.Request"):
        contacted.add(str(args[0]))

sys.addaudithook(watch)
atexit.register(lambda: print("contacted", *sorted(contacted), sep="\\n"))
from service.cli import main
main()
"""


def contacted_by(folder: Path, *arguments: object) -> set[str]:
    """Whom `concord` with `arguments` connected to or looked up, by Python's audit events."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CONCORD_", "LITELLM", "MLFLOW"))}
    done = subprocess.run(
        [sys.executable, "-P", "-c", WATCHED, *map(str, arguments)],
        cwd=folder,
        env=environment | {"OPENAI_API_KEY": "any"},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.partition("contacted\n")[2].splitlines())


def test_the_whole_job_offline_contacts_nobody(tmp_path: Path) -> None:
    write_csv(ROWS, tmp_path / "rows.csv")
    given = ["optimize", "rows.csv", "--criterion", CRITERION, "--max-calls", 150]
    assert contacted_by(tmp_path, *given, "--mlflow-uri", f"sqlite:///{tmp_path}/mlflow.db") == set()
    assert (tmp_path / "best.json").exists()
    assert contacted_by(tmp_path, "judge", "rows.csv", "--artifact", "best.json") == set()


def test_the_whole_job_contacts_the_model_s_endpoint_alone(tmp_path: Path, standin: StandIn) -> None:
    write_csv(ROWS, tmp_path / "rows.csv")
    model = ["--model", "openai/simulated", "--api-base", standin.api_base, "--strategy", "gepa"]
    given = ["optimize", "rows.csv", "--criterion", CRITERION, "--max-calls", 150]
    address = str(("127.0.0.1", urlsplit(standin.api_base).port))
    assert contacted_by(tmp_path, *given, *model) == {address}
    assert standin.received > 100
