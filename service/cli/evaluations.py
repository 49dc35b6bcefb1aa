"""`concord evaluations`: judges measured on the server's datasets."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with
# ruff: noqa: PLR0913, PLR0917  # a command's options are its parameters

from typing import Annotated

import typer

from service.cli.connection import DEFAULT_SERVER, Key, Server, connect
from service.cli.watching import Priority, state_in_words, watch

evaluations = typer.Typer(help="Evaluations on the server.", no_args_is_help=True)


@evaluations.command()
def start(
    dataset_id: str,
    run: Annotated[str | None, typer.Option(help="The best judge of this run.")] = None,
    instruction: Annotated[str | None, typer.Option(help="A judge with this instruction.")] = None,
    model: Annotated[str | None, typer.Option(help="The judge's model; the server's unless given.")] = None,
    api_base: Annotated[str | None, typer.Option(help="An OpenAI-compatible address.")] = None,
    unlabelled: Annotated[bool, typer.Option("--all", help="Judge rows without a label too.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Go on with fewer than 20 labels.")] = False,
    priority: Priority = 0,
    wait: Annotated[bool, typer.Option("--wait", help="Watch it until it ends.")] = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Let a judge decide a dataset's rows, and see how far it agrees with people."""
    judge = {"run_id": run, "instruction": instruction, "model": model, "api_base": api_base}
    with connect(server, key) as client:
        found = client.start_evaluation(
            dataset_id,
            {name: value for name, value in judge.items() if value is not None},
            rows="all" if unlabelled else "labelled",
            force=force,
            priority=priority,
        )
        print(found.id)
        if wait:
            watch(client, found)


@evaluations.command("list")
def list_(
    dataset_id: Annotated[str | None, typer.Option("--dataset", help="Of this dataset only.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """List the evaluations, newest first."""
    from service.cli.show import table

    with connect(server, key) as client:
        found = [(e.id, state_in_words(e), e.model, e.dataset_id) for e in client.evaluations(dataset_id)]
    table(["id", "status", "model", "dataset"], found)


@evaluations.command()
def show(evaluation_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Show one evaluation: status, progress, spend, agreement."""
    from service.cli.show import fields

    with connect(server, key) as client:
        fields(client.evaluation(evaluation_id).model_dump())


@evaluations.command()
def wait(evaluation_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Watch an evaluation until it ends. Exit code 0 if it succeeded, 3 if it paused, else 1."""
    with connect(server, key) as client:
        watch(client, client.evaluation(evaluation_id))


@evaluations.command()
def cancel(evaluation_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Stop an evaluation; verdicts that are there stay."""
    with connect(server, key) as client:
        print(client.cancel(client.evaluation(evaluation_id)).status)


@evaluations.command()
def pause(evaluation_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Let an evaluation wait."""
    with connect(server, key) as client:
        print(client.pause(client.evaluation(evaluation_id)).status)


@evaluations.command()
def resume(evaluation_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Go on with a paused evaluation."""
    with connect(server, key) as client:
        print(client.resume(client.evaluation(evaluation_id)).status)


@evaluations.command()
def retry(evaluation_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Begin a failed or cancelled evaluation anew; what was answered is not paid again."""
    with connect(server, key) as client:
        print(client.retry(client.evaluation(evaluation_id)).status)
