"""Puts the commands together.

`concord --help` must be instant, so nothing heavy is imported at the top of any module of this
package: each command imports what it works with when it runs.
"""

import sys
from typing import Annotated

import typer

from service.cli import keeping, local, serving
from service.cli.assertions import assertions
from service.cli.bench import bench
from service.cli.criteria import card, criteria, select
from service.cli.datasets import datasets
from service.cli.evaluations import evaluations
from service.cli.failures import explain
from service.cli.gate import gate
from service.cli.judges import judges
from service.cli.runs import runs
from service.lifeline import hold_lifeline

app = typer.Typer(
    name="concord",
    help="Turn human labels into an LLM judge whose agreement with people is measured.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

app.command("up")(serving.up)
app.command("doctor")(serving.doctor)
app.command("optimize")(local.optimize)
app.command("judge")(local.judge)
app.command("export")(local.export)
app.add_typer(datasets, name="datasets")
app.add_typer(criteria, name="criteria")
app.add_typer(assertions, name="assertions")
app.command("card")(card)
app.command("select")(select)
app.add_typer(runs, name="runs")
app.add_typer(evaluations, name="evaluations")
app.add_typer(judges, name="judges")
app.command("gate")(gate)
app.add_typer(bench, name="bench")
app.command("backup")(keeping.backup)
app.command("restore")(keeping.restore)
app.command("api")(serving.api)
app.command("worker")(serving.worker)
app.command("mlflow")(serving.mlflow)
app.command("openapi")(serving.openapi)


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    if version:
        # importlib.metadata reads the disk: not before it is asked for.
        from service.version import VERSION  # noqa: PLC0415

        print(VERSION)
        raise typer.Exit


def main() -> None:
    """The console script."""
    hold_lifeline()
    try:
        app()
    except BaseException as error:
        told = explain(error)
        if told is None:
            raise
        message, code = told
        print(message, file=sys.stderr)
        sys.exit(code)
