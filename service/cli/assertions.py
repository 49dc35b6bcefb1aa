"""`concord assertions`: the ways to tell whether an output meets a criterion."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with
# ruff: noqa: PLR0913, PLR0917  # a command's options are its parameters

import sys
from enum import StrEnum
from typing import Annotated

import typer

from service.cli.connection import DEFAULT_SERVER, Key, Server, connect
from service.cli.watching import Priority, state_in_words, watch

assertions = typer.Typer(help="Assertions of a dataset's criteria.", no_args_is_help=True)

Model = Annotated[str | None, typer.Option(help="The model to ask; the server's unless given.")]
ApiBase = Annotated[str | None, typer.Option(help="An OpenAI-compatible address.")]


class Kind(StrEnum):
    """A prompt asks a model, a check is an expression."""

    PROMPT = "prompt"
    CHECK = "check"


@assertions.command("list")
def list_(
    dataset_id: str,
    criterion: Annotated[str | None, typer.Option(help="Of this criterion only.")] = None,
    every: Annotated[bool, typer.Option("--all", help="Retired ones too.")] = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """List a dataset's assertions."""
    from service.cli.show import table

    with connect(server, key) as client:
        found = [
            (
                a.id,
                a.criterion_id,
                a.kind,
                a.n_judged,
                _state(a.retired_at, behind=a.is_behind),
                _line(a.text),
            )
            for a in client.assertions.list(dataset_id, criterion=criterion, retired=every)
        ]
    table(["id", "criterion", "kind", "judged", "", "text"], found)


def _state(retired_at: str | None, *, behind: bool) -> str:
    if retired_at:
        return "retired"
    return "of an earlier text" if behind else ""


@assertions.command()
def add(
    dataset_id: str,
    criterion_id: str,
    text: Annotated[str, typer.Argument(help="An expression, or a further instruction.")] = "",
    kind: Annotated[Kind, typer.Option(help="Who decides.")] = Kind.PROMPT,
    author: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Add an assertion to a criterion; prints its id."""
    with connect(server, key) as client:
        print(client.assertions.add(dataset_id, criterion_id, kind.value, text, author=author).id)


@assertions.command()
def suggest(
    dataset_id: str,
    criterion_id: str,
    n: Annotated[int, typer.Option("-n", min=1, max=10, help="How many of each kind.")] = 3,
    kind: Annotated[list[Kind] | None, typer.Option(help="Of this kind; both unless given.")] = None,
    sample: Annotated[int, typer.Option(min=0, help="Another number gives other ones.")] = 0,
    model: Model = None,
    api_base: ApiBase = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Have a model write assertions for a criterion, and add them."""
    from service.cli.show import table

    kinds = [one.value for one in kind] if kind else None
    with connect(server, key) as client:
        found = client.assertions.suggest(
            dataset_id, criterion_id, n=n, kinds=kinds, sample=sample, model=model, api_base=api_base
        )
    table(["id", "kind", "text"], [(a["id"], a["kind"], _line(a["text"])) for a in found["assertions"]])
    for one in found["refused"]:
        print(f"refused: {_line(one['text'])}: {one['reason']}", file=sys.stderr)


@assertions.command()
def retire(dataset_id: str, assertion_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Use an assertion no more; what it said is kept."""
    with connect(server, key) as client:
        print(client.assertions.retire(dataset_id, assertion_id).id)


@assertions.command()
def functions(server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """List the functions of checks, each with an example."""
    from service.cli.show import table

    with connect(server, key) as client:
        found = [(f["call"], f["gives"], f["example"]) for f in client.assertions.functions()]
    table(["function", "gives", "example"], found)


# --- runs -------------------------------------------------------------------------------------------


@assertions.command()
def run(
    dataset_id: str,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="This assertion; all unless given.")
    ] = None,
    unlabelled: Annotated[bool, typer.Option("--all", help="Ask about rows without a label too.")] = False,
    model: Model = None,
    api_base: ApiBase = None,
    spend_cap_calls: Annotated[
        int | None, typer.Option(min=1, help="Pause before more calls than this are paid.")
    ] = None,
    priority: Priority = 0,
    wait: Annotated[bool, typer.Option("--wait", help="Watch it until it ends.")] = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Ask the assertions about a dataset's rows; prints the run's id. What is there is not asked again."""
    with connect(server, key) as client:
        found = client.assertions.run(
            dataset_id,
            assertions=only or None,
            rows="all" if unlabelled else "labelled",
            model=model,
            api_base=api_base,
            spend_cap={"max_calls": spend_cap_calls} if spend_cap_calls else None,
            priority=priority,
        )
        print(found.id)
        if wait:
            watch(client, found)


@assertions.command()
def runs(
    dataset_id: Annotated[str | None, typer.Option("--dataset", help="Of this dataset only.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """List assertion runs, newest first."""
    from service.cli.show import table

    with connect(server, key) as client:
        found = [
            (r.id, state_in_words(r), r.judged, r.model, r.dataset_id)
            for r in client.assertions.runs(dataset_id)
        ]
    table(["id", "status", "judged", "model", "dataset"], found)


@assertions.command()
def wait(run_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Watch a run until it ends. Exit code 0 if it succeeded, 3 if it paused, else 1."""
    with connect(server, key) as client:
        watch(client, client.assertions.one_run(run_id))


@assertions.command()
def cancel(run_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Stop a run; what was said stays."""
    with connect(server, key) as client:
        print(client.cancel(client.assertions.one_run(run_id)).status)


@assertions.command()
def resume(run_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Go on with a paused run. Only what was in flight is paid again."""
    with connect(server, key) as client:
        print(client.resume(client.assertions.one_run(run_id)).status)


def _line(text: str) -> str:
    return " ".join(text.split())
