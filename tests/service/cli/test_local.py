"""The whole job from the command line, without a server."""

import csv
import json
import re
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.standin import CRITERION, Fault, FaultKind, StandIn
from optimizers.artifact import from_json
from service.cli.failures import explain
from service.up import own_command

Concord = Callable[..., "subprocess.CompletedProcess[str]"]


def optimize(standin: StandIn, out: str = "best.json", *more: object) -> list[object]:
    model = ["--model", "openai/simulated", "--api-base", standin.api_base, "--ledger", "paid.db"]
    search = ["--strategy", "instruction_search", "--max-calls", 260, "--out", out]
    return ["optimize", "rows.csv", "--criterion", CRITERION, *model, *search, *more]


def test_a_run_writes_judge_and_report_and_says_what_came_out(
    concord: Concord, standin: StandIn, rows_csv: Path
) -> None:
    done = concord(*optimize(standin, "best.json", "--report", "report.md"))
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Simulated: ")
    assert from_json(rows_csv.with_name("best.json").read_text()).criterion == CRITERION
    assert "Cohen's kappa" in rows_csv.with_name("report.md").read_text()
    assert "trial 0: kappa on dev" in done.stderr


def test_the_same_command_again_pays_for_nothing(concord: Concord, standin: StandIn, rows_csv: Path) -> None:
    assert concord(*optimize(standin, "first.json")).returncode == 0
    paid = standin.received
    assert concord(*optimize(standin, "again.json")).returncode == 0
    assert standin.received == paid
    first, again = (from_json(rows_csv.with_name(f"{name}.json").read_text()) for name in ("first", "again"))
    assert first.digest == again.digest


def test_a_run_that_was_killed_goes_on_where_it_was(
    concord: Concord, standin: StandIn, rows_csv: Path, tmp_path: Path
) -> None:
    standin.faults.latency_ms = 30
    command = own_command(*map(str, optimize(standin)))
    process = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 240
    while len(standin.calls) < 60 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.kill()
    process.wait()
    standin.faults.latency_ms = 0
    answered = len(standin.calls)
    done = concord(*optimize(standin))
    assert done.returncode == 0, done.stderr
    assert answered >= 60
    in_flight = 16
    assert standin.paid_twice <= in_flight + 20  # and the second samples that test repeatability


def test_ctrl_c_stops_in_order_and_says_how_to_go_on(
    standin: StandIn, rows_csv: Path, tmp_path: Path
) -> None:
    standin.faults.latency_ms = 50
    command = own_command(*map(str, optimize(standin)))
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 240
    while len(standin.calls) < 30 and time.monotonic() < deadline:
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "the same command goes on from here" in errors
    assert "Traceback" not in errors


def test_a_wrong_key_is_told_after_one_call(concord: Concord, standin: StandIn, rows_csv: Path) -> None:
    standin.faults.accepted_key = "right"
    done = concord(*optimize(standin), OPENAI_API_KEY="sk-wrong-key-123456")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith("error: ")
    assert "sk-wrong-key-123456" not in done.stderr + done.stdout
    assert standin.received == 1


def test_a_provider_that_goes_down_pauses_the_run(concord: Concord, standin: StandIn, rows_csv: Path) -> None:
    standin.faults.add(Fault(kind=FaultKind.RATE_LIMITED, from_call=1, retry_after_s=0))
    done = concord(*optimize(standin))
    assert done.returncode == 3
    assert "paused (provider)" in done.stderr


def test_a_saved_judge_judges_a_file_and_counts_agreement(
    concord: Concord, saved: Path, tmp_path: Path
) -> None:
    done = concord("judge", "rows.csv", "--artifact", "best.json", "-o", "verdicts.csv")
    assert done.returncode == 0, done.stderr
    said = next(line for line in done.stderr.splitlines() if line.startswith("agreement"))
    assert re.fullmatch(
        r"agreement with 100 labels: kappa 0\.\d{3}; fails \d+ of \d+ bad outputs and \d+ of \d+ good ones, "
        r"no verdict on \d+",
        said,
    )
    with (tmp_path / "verdicts.csv").open(newline="") as file:
        lines = list(csv.DictReader(file))
    assert len(lines) == 100
    assert {line["verdict"] for line in lines} == {"pass", "fail"}


def test_rows_without_labels_can_be_judged_to_standard_output(
    concord: Concord, saved: Path, tmp_path: Path
) -> None:
    (tmp_path / "new.csv").write_text("question,answer\nMay we bring a dog?,A dog is welcome.\n")
    done = concord("judge", "new.csv", "--artifact", "best.json")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0] == "id,verdict,fail_probability,rationale,failure"
    assert len(done.stdout.splitlines()) == 2
    assert "agreement" not in done.stderr


@pytest.mark.parametrize("form", ["text", "messages", "dspy", "mlflow", "promptfoo", "json"])
def test_a_judge_is_exported_in_every_form(concord: Concord, saved: Path, form: str) -> None:
    done = concord("export", "best.json", "--format", form)
    assert done.returncode == 0, done.stderr
    assert len(done.stdout) > 100
    if form in {"messages", "json"}:
        json.loads(done.stdout)


def test_a_broken_judge_file_is_told_in_one_line(concord: Concord, tmp_path: Path) -> None:
    (tmp_path / "broken.json").write_text("{")
    done = concord("export", "broken.json")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the file is not JSON")


def test_unusable_rows_are_listed_with_line_column_and_value(concord: Concord, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text("input,output,label\na,b,maybe\nc,d,pass\n")
    done = concord("optimize", "bad.csv", "--criterion", "c")
    assert done.returncode == 2
    assert "line 2, column 'label', value 'maybe'" in done.stderr


def test_too_few_labels_are_refused_with_what_is_missing(concord: Concord, tmp_path: Path) -> None:
    rows = "".join(f"question {n},answer {n},{n % 2}\n" for n in range(19))
    (tmp_path / "few.csv").write_text(f"input,output,label\n{rows}")
    done = concord("optimize", "few.csv", "--criterion", "c")
    assert done.returncode == 2
    assert "31" in done.stderr


def test_nobody_saying_what_pass_means_is_an_error(concord: Concord, rows_csv: Path) -> None:
    done = concord("optimize", "rows.csv")
    assert done.returncode == 2
    assert "--criterion is missing" in done.stderr


def test_help_is_instant_and_loads_nothing_heavy(concord: Concord, tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['concord', '--help']\n"
        "heavy = {'dspy', 'numpy', 'fastapi', 'pydantic', 'httpx', 'mlflow', 'rich.console'}\n"
        "from service.cli import main\n"
        "try:\n    main()\n"
        "finally:\n    print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [own_command()[0], "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_folder_that_is_not_there_is_named_without_a_traceback(concord: Concord, saved: Path) -> None:
    done = concord("export", "best.json", "--out", "nowhere/judge.txt")
    assert done.returncode == 1
    assert done.stderr == "error: nowhere/judge.txt: No such file or directory\n"


def test_ctrl_c_before_any_work_says_that_it_stopped() -> None:
    assert explain(SystemExit(130)) == ("stopped", 130)
    assert explain(SystemExit(2)) is None


def test_ten_unusable_rows_are_shown_and_the_rest_counted(concord: Concord, tmp_path: Path) -> None:
    rows = "".join(f"question {n},answer {n},{n + 2}\n" for n in range(14))
    (tmp_path / "likert.csv").write_text(f"input,output,label\n{rows}")
    lines = concord("optimize", "likert.csv", "--criterion", "c").stderr.splitlines()
    assert lines[0] == "error: 14 row problem(s)"
    assert "line 11, column 'label', value '11'" in lines[10]
    assert lines[11] == "  and 4 more"


def test_judging_keeps_what_it_paid_for_beside_the_judge(
    concord: Concord, saved: Path, tmp_path: Path
) -> None:
    assert concord("judge", "rows.csv", "--artifact", "best.json").returncode == 0
    assert (tmp_path / "best.ledger").exists()


def test_the_server_is_where_concord_port_says(concord: Concord) -> None:
    done = concord("runs", "list", CONCORD_PORT="1")
    assert done.returncode == 1
    assert "no answer from http://127.0.0.1:1 " in done.stderr


def test_an_address_may_come_without_its_scheme(concord: Concord) -> None:
    assert "no answer from http://127.0.0.1:1 " in concord("runs", "list", "--server", "127.0.0.1:1").stderr
