"""`concord datasets`: the server's datasets."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with

from pathlib import Path
from typing import Annotated

import typer

from service.cli.connection import DEFAULT_SERVER, Key, Server, connect, pairs

datasets = typer.Typer(help="Datasets on the server.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, JSONL or Parquet.")]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", help="How a label is written, as in --label 1=fail. Repeatable."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--column", help="Where a column is, as in --column output=reply. Repeatable."),
]


@datasets.command()
def push(
    file: File,
    criterion: Annotated[str, typer.Option(help="What pass means, in your words.")],
    name: Annotated[str | None, typer.Option(help="The file's name unless given.")] = None,
    label: Labels = None,
    column: Columns = None,
    skip_errors: Annotated[bool, typer.Option(help="Store the file without its unusable rows.")] = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Upload a labelled file."""
    from service.cli.show import fields, stderr

    with connect(server, key) as client, stderr.status("Uploading ..."):
        dataset = client.upload_dataset(
            file,
            name=name or file.stem,
            criterion=criterion,
            label_mapping=pairs(label, "--label"),
            columns=pairs(column, "--column"),
            on_error="skip" if skip_errors else "refuse",
        )
    fields(dataset.model_dump(exclude={"milestones"}))


@datasets.command()
def inspect(
    file: File,
    label: Labels = None,
    column: Columns = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Show how a file would be understood, before it is uploaded: columns, labels, unusable rows."""
    from service.cli.failures import SHOWN_ROWS
    from service.cli.show import fields, stderr, table
    from service.client_errors import problem_line

    with connect(server, key) as client, stderr.status("Looking ..."):
        found = client.inspect_file(
            file, label_mapping=pairs(label, "--label"), columns=pairs(column, "--column")
        )
    fields({name: found[name] for name in ("format", "rows", "usable")} | found["labels"]["classes"])
    table(["column", "read as"], [(c["name"], _part(c)) for c in found["columns"]])
    values = found["labels"]["values"]
    table(
        ["label", "means", "cells"],
        [(v["value"], v["means"] or "not known", v["rows"] + v["annotations"]) for v in values],
    )
    for problem in found["refused"]["problems"][:SHOWN_ROWS]:
        stderr.print(problem_line(problem), markup=False, soft_wrap=True)
    for warning in found["warnings"]:
        stderr.print(f"warning: {warning}", markup=False, soft_wrap=True)
    if not found["acceptable"]:
        n = found["refused"]["total"]
        stderr.print(f"{n} problem{'s' if n > 1 else ''}; the file would be refused", markup=False)
        raise typer.Exit(1)


def _part(column: dict[str, str | None]) -> str:
    if column["annotator"] is not None:
        return f"labels of {column['annotator']}"
    return column["role"] or "not read"


@datasets.command()
def example(server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Make a dataset of the example that ships with Concord."""
    from service.cli.show import fields

    with connect(server, key) as client:
        fields(client.create_example_dataset().model_dump(exclude={"milestones"}))


@datasets.command("list")
def list_(server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """List the datasets."""
    from service.cli.show import table

    with connect(server, key) as client:
        found = [(d.id, d.name, " ".join(d.criterion.split())) for d in client.datasets()]
    table(["id", "name", "criterion"], found)


@datasets.command()
def show(dataset_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Show one dataset with its counts."""
    from service.cli.show import fields

    with connect(server, key) as client:
        fields(client.dataset(dataset_id).model_dump(exclude={"milestones"}))


@datasets.command()
def delete(
    dataset_id: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Delete a dataset with its labels, runs and evaluations, in the ledger and MLflow too."""
    from service.cli.show import fields

    if not yes:
        typer.confirm(f"Delete {dataset_id} with its labels, runs and evaluations?", abort=True)
    with connect(server, key) as client:
        fields(client.delete_dataset(dataset_id))
