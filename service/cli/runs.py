"""`concord runs`: optimization runs on the server."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with
# ruff: noqa: PLR0913, PLR0917  # a command's options are its parameters

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.connection import DEFAULT_SERVER, Key, Server, connect
from service.cli.watching import Priority, rounded, state_in_words, watch

runs = typer.Typer(help="Optimization runs on the server.", no_args_is_help=True)


CapCalls = Annotated[
    int | None, typer.Option("--spend-cap-calls", min=1, help="Pause before more calls than this are paid.")
]
CapDollars = Annotated[
    float | None, typer.Option("--spend-cap-usd", min=0, help="Pause before more dollars than this are paid.")
]


class BestForm(StrEnum):
    """The forms of a winning judge."""

    JSON = "json"
    TEXT = "text"
    MESSAGES = "messages"
    DSPY = "dspy"
    MLFLOW = "mlflow"
    PROMPTFOO = "promptfoo"


@runs.command()
def start(
    dataset_id: str,
    strategy: Annotated[str | None, typer.Option(help="How candidates are found.")] = None,
    model: Annotated[str | None, typer.Option(help="The judge's model; the server's unless given.")] = None,
    api_base: Annotated[str | None, typer.Option(help="An OpenAI-compatible address.")] = None,
    proposer_model: Annotated[str | None, typer.Option(help="The model that writes proposals.")] = None,
    instruction: Annotated[str | None, typer.Option(help="The baseline's instruction.")] = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    max_calls: Annotated[int | None, typer.Option(min=1, help="Budget in model calls.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Budget in tokens.")] = None,
    max_cost_usd: Annotated[float | None, typer.Option(min=0, help="Budget in dollars.")] = None,
    spend_cap_calls: CapCalls = None,
    spend_cap_usd: CapDollars = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not start from what earlier runs on the dataset found.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Go on with fewer labels than advised.")] = False,
    priority: Priority = 0,
    exclusive: Annotated[
        bool, typer.Option("--exclusive", help="Wait for other exclusive runs of this dataset and strategy.")
    ] = False,
    wait: Annotated[bool, typer.Option("--wait", help="Watch it until it ends.")] = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Start a run."""
    with connect(server, key) as client:
        run = client.start_run(
            dataset_id,
            strategy=strategy,
            model=model,
            api_base=api_base,
            proposer_model=proposer_model,
            instruction=instruction,
            seed=seed,
            budget=_limits(max_calls, max_tokens, max_cost_usd),
            spend_cap=_limits(spend_cap_calls, None, spend_cap_usd),
            from_earlier_runs=False if fresh else None,
            force=force or None,
            priority=priority or None,
            exclusive=exclusive or None,
        )
        print(run.id)
        if wait:
            watch(client, run)


@runs.command("list")
def list_(
    dataset_id: Annotated[str | None, typer.Option("--dataset", help="Of this dataset only.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """List the runs, newest first."""
    from service.cli.show import table

    with connect(server, key) as client:
        found = [
            (r.id, state_in_words(r), r.strategy, r.model, r.dataset_id, rounded(r.test_kappa), r.conclusion)
            for r in client.runs(dataset_id)
        ]
    table(["id", "status", "strategy", "model", "dataset", "test kappa", "conclusion"], found)


@runs.command()
def show(run_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Show one run: status, progress, best so far, spend, its place in MLflow."""
    from service.cli.show import fields

    with connect(server, key) as client:
        fields(client.run(run_id).model_dump())


@runs.command()
def wait(run_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Watch a run until it ends. Exit code 0 if it succeeded, 3 if it paused, else 1."""
    with connect(server, key) as client:
        watch(client, client.run(run_id))


@runs.command()
def cancel(run_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Stop a run; what was answered is kept."""
    with connect(server, key) as client:
        print(client.cancel(client.run(run_id)).status)


@runs.command()
def pause(run_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Let a run wait."""
    with connect(server, key) as client:
        print(client.pause(client.run(run_id)).status)


@runs.command()
def retry(run_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Begin a failed or cancelled run anew; what was answered is not paid again."""
    with connect(server, key) as client:
        print(client.retry(client.run(run_id)).status)


@runs.command()
def resume(
    run_id: str,
    spend_cap_calls: CapCalls = None,
    spend_cap_usd: CapDollars = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Go on with a paused run, under a new spend cap if one is given."""
    cap = _limits(spend_cap_calls, None, spend_cap_usd)
    with connect(server, key) as client:
        print(client.resume(client.run(run_id), spend_cap=cap).status)


@runs.command()
def best(
    run_id: str,
    form: Annotated[BestForm, typer.Option("--format", help="Form of the judge.")] = BestForm.JSON,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it here.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Print or save a run's winning judge."""
    with connect(server, key) as client:
        _write(client.best(run_id, form.value), out)


@runs.command()
def report(
    run_id: str,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it here.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Print or save a run's report as Markdown."""
    with connect(server, key) as client:
        _write(client.report_markdown(run_id), out)


def _limits(calls: int | None, tokens: int | None, dollars: float | None) -> dict[str, float] | None:
    given = {"max_calls": calls, "max_tokens": tokens, "max_cost_usd": dollars}
    return {name: value for name, value in given.items() if value is not None} or None


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text if text.endswith("\n") else text + "\n")
    else:
        out.write_text(text, encoding="utf-8")
