"""`concord bench`: measure strategies side by side."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with
# ruff: noqa: PLR0913, PLR0917  # a command's options are its parameters

import sys
from pathlib import Path
from typing import Annotated

import typer

bench = typer.Typer(help="Measure strategies side by side.", no_args_is_help=True)


@bench.callback()
def _bench() -> None:
    """Measure strategies side by side."""


@bench.command("strategies")
def strategies(
    data: Annotated[
        Path, typer.Option(exists=True, file_okay=False, help="Folder of labelled files (CSV; 1 is pass).")
    ],
    out: Annotated[Path, typer.Option(help="Results and report go here; what is there is kept.")] = Path(
        "bench"
    ),
    files: Annotated[list[str] | None, typer.Option("--file", help="A file's name. Repeatable.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds for each file.")] = 3,
    peers: Annotated[str | None, typer.Option(help="Names, separated by commas.")] = None,
    budgets: Annotated[str | None, typer.Option(help="Budgets in calls, separated by commas.")] = None,
    model: Annotated[
        str | None, typer.Option(help="A real model, as openai/...; simulated worlds unless given.")
    ] = None,
    api_base: Annotated[str | None, typer.Option(help="An OpenAI-compatible address of the model.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at work.")] = 2,
    threads: Annotated[int, typer.Option(min=1, help="Calls of one search that are open at a time.")] = 4,
) -> None:
    """Compare strategies and other optimizers on labelled files, in simulated worlds or on a model."""
    from service.composition import quiet_environment

    quiet_environment()
    from experiments.bench import BUDGETS, DEFAULT_PEERS, FILES, Plan, run

    plan = Plan(
        data=data,
        out=out,
        files=files or FILES,
        peers=peers.split(",") if peers else DEFAULT_PEERS,
        budgets=_numbers(budgets) if budgets else BUDGETS,
        seeds=seeds,
        jobs=jobs,
        threads=threads,
        model=model,
        api_base=api_base,
    )
    try:
        report = run(plan, lambda line: print(line, file=sys.stderr))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    print(report)


def _numbers(text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise typer.BadParameter(f"budgets must be whole numbers, got {text!r}") from None
