"""The commands that run the service: all of it, one part, or a check-up."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from service.settings import Settings
    from service.up import Addresses

Host = Annotated[str | None, typer.Option(help="Address to listen on.")]
Port = Annotated[int | None, typer.Option(help="Port to listen on.")]


def up(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show what the parts say.")] = False,
) -> None:
    """Start API, worker and MLflow; Ctrl-C stops all of them."""
    from rich.console import Console

    from service.composition import read_settings
    from service.supervisor import GivenUp, Supervisor
    from service.up import choose_addresses, plan, sole_tenant

    settings = read_settings()
    console = Console(highlight=False)

    def tell(line: str) -> None:
        console.print(line, markup=False, soft_wrap=True)

    with sole_tenant(settings.home):
        addresses = choose_addresses(settings)
        logs = settings.home / "logs"
        supervisor = Supervisor(plan(settings, addresses), logs, tell=tell, echo=tell if verbose else None)
        tell(f"Starting Concord in {settings.home.absolute()} ...")
        try:
            asyncio.run(supervisor.run(lambda: console.print(_welcome(settings, addresses))))
        except GivenUp as error:
            print(error, file=sys.stderr)
            raise typer.Exit(1) from error
        tell("Stopped.")


def _welcome(settings: "Settings", addresses: "Addresses") -> object:
    from rich.panel import Panel
    from rich.table import Table

    lines = Table.grid(padding=(0, 2))
    lines.add_row("API", addresses.api_url)
    lines.add_row("MLflow", addresses.mlflow_url)
    model = (
        "offline (a demonstration, not a language model)" if settings.model == "offline" else settings.model
    )
    lines.add_row("Model", model)
    lines.add_row("Data", str(settings.home.absolute()))
    lines.add_row("Logs", str((settings.home / "logs").absolute()))
    return Panel(lines, title="Concord is ready", subtitle="Ctrl-C stops it", expand=False)


def api(host: Host = None, port: Port = None) -> None:
    """Run the API alone."""
    import uvicorn

    from service.app import create_app
    from service.composition import read_settings
    from service.logs import configure

    settings = read_settings(host=host, port=port)
    configure(settings)
    uvicorn.run(
        create_app(settings),
        host=settings.host,
        port=settings.port,
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,  # a browser's event stream would hold the door open for ever
    )


def worker() -> None:
    """Run a worker alone: it takes runs and evaluations from the database and does them."""
    from service.composition import quiet_environment, read_settings
    from service.logs import configure

    quiet_environment()
    settings = read_settings()
    configure(settings)

    from service.worker import work

    work(settings)


def mlflow(
    host: Annotated[
        str, typer.Option(help="Address to listen on. MLflow asks nobody for a key.")
    ] = "127.0.0.1",
    port: Port = None,
) -> None:
    """Run the MLflow server alone, on the data folder."""
    from service.composition import read_settings
    from service.mlflow_server import serve_mlflow

    settings = read_settings(mlflow_port=port)
    serve_mlflow(settings.home, host=host, port=settings.mlflow_port)


def openapi(
    write: Annotated[bool, typer.Option("--write", help="Write the committed file anew.")] = False,
) -> None:
    """Print the API's OpenAPI document."""
    from service.app import create_app
    from service.openapi import COMMITTED, as_text
    from service.settings import Settings

    text = as_text(create_app(Settings.model_construct()))
    if write:
        COMMITTED.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)


def doctor(
    probe: Annotated[
        bool, typer.Option("--probe", help="Also send one short request to the model's endpoint.")
    ] = False,
    home: Annotated[Path | None, typer.Option(help="Data folder, instead of CONCORD_HOME.")] = None,
) -> None:
    """Say what is configured, reachable and missing. Exit code 1 if something needed is missing."""
    from rich.console import Console

    from service.composition import ask_briefly, quiet_environment, read_settings
    from service.doctor import Mark, examine, needs_attention

    quiet_environment()
    findings = examine(read_settings(home=home), probe=ask_briefly if probe else None)
    console = Console(highlight=False)
    marks = {Mark.OK: "[green]ok[/]     ", Mark.NOTE: "[yellow]note[/]   ", Mark.MISSING: "[red]missing[/]"}
    for finding in findings:
        console.print(marks[finding.mark], end=" ")
        console.print(f"{finding.what}: {finding.detail}", markup=False, soft_wrap=True)
    if needs_attention(findings):
        raise typer.Exit(1)
