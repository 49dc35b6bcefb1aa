"""`concord criteria`, `concord card`, `concord select`: what a good output does, and how it fits labels."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with
# ruff: noqa: PLR0913, PLR0917  # a command's options are its parameters

import json
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from optimizers.criteria.rules import SelectionRule
from service.cli.connection import DEFAULT_SERVER, Key, Server, connect

criteria = typer.Typer(help="What a good output of a dataset does, one thing each.", no_args_is_help=True)

Author = Annotated[str | None, typer.Option(help="Who says so.")]
Note = Annotated[str | None, typer.Option(help="Why.")]
Model = Annotated[str | None, typer.Option(help="The model to ask; the server's unless given.")]
ApiBase = Annotated[str | None, typer.Option(help="An OpenAI-compatible address.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print all that the server says.")]


class Source(StrEnum):
    """What suggestions are drawn from."""

    PROMPT = "prompt"
    LABELS = "labels"
    HISTORY = "history"


@criteria.command("list")
def list_(
    dataset_id: str,
    retired: Annotated[bool, typer.Option("--retired", help="Retired ones too.")] = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """List a dataset's criteria."""
    from service.cli.show import table

    with connect(server, key) as client:
        found = [
            (c.id, c.name, c.version, c.n_assertions, "retired" if c.retired_at else "", _line(c.text))
            for c in client.criteria.list(dataset_id, retired=retired)
        ]
    table(["id", "name", "version", "assertions", "", "text"], found)


@criteria.command()
def show(dataset_id: str, criterion_id: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Show one criterion and all that was done to it."""
    from service.cli.show import fields, table

    with connect(server, key) as client:
        found = client.criteria.get(dataset_id, criterion_id)
    fields(found.model_dump(exclude={"history"}))
    rows = [
        (e["at"][:19], e["event"], e["version"], e["author"], _line(e["text"]), e["note"])
        for e in found.history
    ]
    table(["at", "what", "version", "by", "text", "why"], rows)


@criteria.command()
def add(
    dataset_id: str,
    text: Annotated[str, typer.Argument(help="What a good output does, in a sentence.")],
    name: Annotated[str | None, typer.Option(help="Its first words unless given.")] = None,
    author: Author = None,
    note: Note = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Add a criterion; prints its id."""
    with connect(server, key) as client:
        print(client.criteria.add(dataset_id, text, name=name, author=author, note=note).id)


@criteria.command()
def suggest(
    dataset_id: str,
    source: Annotated[Source, typer.Option("--from", help="What they are drawn from.")] = Source.LABELS,
    prompt: Annotated[
        list[Path] | None,
        typer.Option(exists=True, dir_okay=False, help="File of the task's prompt; versions, oldest first."),
    ] = None,
    n: Annotated[int, typer.Option("-n", min=1, max=20, help="How many.")] = 5,
    sample: Annotated[int, typer.Option(min=0, help="Another number gives other suggestions.")] = 0,
    keep: Annotated[bool, typer.Option("--add", help="Add all of them to the dataset.")] = False,
    model: Model = None,
    api_base: ApiBase = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Have a model suggest criteria: from labels and critiques, a prompt, or the versions of one."""
    from service.cli.show import table

    texts = [path.read_text(encoding="utf-8") for path in prompt or []]
    if source is Source.PROMPT and len(texts) != 1:
        raise typer.BadParameter("one file is needed for --from prompt", param_hint="--prompt")
    if source is Source.HISTORY and len(texts) < 2:
        raise typer.BadParameter("two files or more are needed for --from history", param_hint="--prompt")
    options: dict[str, Any] = {"n": n, "sample": sample, "model": model, "api_base": api_base}
    options["prompt"] = texts[0] if source is Source.PROMPT else None
    options["prompts"] = texts if source is Source.HISTORY else None
    with connect(server, key) as client:
        found = client.criteria.suggest(dataset_id, source.value, **options)["suggestions"]
        if keep:
            for one in found:
                client.criteria.add(
                    dataset_id, one["text"], name=one["name"], source=source.value, note=one["why"] or None
                )
    table(["name", "category", "text", "why"], [_suggestion(one) for one in found])


def _suggestion(one: Mapping[str, Any]) -> tuple[object, ...]:
    return one["name"], one["category"], _line(one["text"]), _line(one["why"])


@criteria.command()
def edit(
    dataset_id: str,
    criterion_id: str,
    text: Annotated[str | None, typer.Option(help="What it shall say.")] = None,
    name: Annotated[str | None, typer.Option(help="What it shall be called.")] = None,
    author: Author = None,
    note: Note = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Restate or rename a criterion; lists the labels that the change puts in doubt."""
    from service.cli.show import table

    if text is None and name is None:
        raise typer.BadParameter("say --text or --name: what shall change?")
    with connect(server, key) as client:
        before = client.criteria.get(dataset_id, criterion_id)
        found = client.criteria.change(
            dataset_id, criterion_id, text=text, name=name, author=author, note=note
        )
        print(f"{found.id}, version {found.version}")
        if found.text == before.text:
            return
        doubts = client.criteria.doubts(dataset_id, criterion_id)["doubts"]
    if doubts:
        print(f"{len(doubts)} labels are worth another look:", file=sys.stderr)
        rows = [
            (d["example_id"], d["label"], f"{d['strength']:.2f}", "; ".join(d["grounds"])) for d in doubts
        ]
        table(["row", "label", "doubt", "why"], rows)


@criteria.command()
def retire(
    dataset_id: str,
    criterion_id: str,
    author: Author = None,
    note: Note = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Use a criterion no more; nothing of it is lost."""
    with connect(server, key) as client:
        print(client.criteria.retire(dataset_id, criterion_id, author=author, note=note).id)


@criteria.command()
def restore(
    dataset_id: str,
    criterion_id: str,
    author: Author = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Use a retired criterion again."""
    with connect(server, key) as client:
        print(client.criteria.restore(dataset_id, criterion_id, author=author).id)


# --- how they fit labels ----------------------------------------------------------------------------


def card(
    dataset_id: str,
    every: Annotated[
        bool, typer.Option("--all", help="On all rows but those of test, where the numbers flatter.")
    ] = False,
    model: Annotated[str | None, typer.Option(help="Whose verdicts; the latest's unless given.")] = None,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Show how each criterion, and the set of all, fits people's labels."""
    from service.cli.show import table

    with connect(server, key) as client:
        found = client.criteria.card(dataset_id, rows="all" if every else "report", model=model)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    rows = [_card_line("all together", found["whole"])] if found["whole"] else []
    for one in found["criteria"]:
        rows.append(_card_line(one["name"], one["overall"]))
        if one["own"]:
            rows.append(_card_line(f"{one['name']}, by its own labels", one["own"]))
    table(["criterion", "n", "bad", "coverage", "false failures", "alignment", "kappa", "labels say"], rows)


def _card_line(name: str, found: Mapping[str, Any] | None) -> tuple[object, ...]:
    if found is None:
        return (name, 0, "", "", "", "", "", "not asked yet")
    shown = [interval(found[key]) for key in ("coverage", "false_failure_rate", "alignment", "kappa")]
    return (name, found["n"], found["bad"], *shown, found["support"])


def interval(found: Mapping[str, Any]) -> str:
    """`0.62 (0.41 to 0.78)`; empty where it is undefined."""
    if found["value"] is None:
        return ""
    value = f"{found['value']:.2f}"
    return value if found["low"] is None else f"{value} ({found['low']:.2f} to {found['high']:.2f})"


def select(
    dataset_id: str,
    rule: Annotated[SelectionRule, typer.Option(help="How they are chosen.")] = SelectionRule.KAPPA,
    alpha: Annotated[float | None, typer.Option(min=0, max=1, help="Coverage at least.")] = None,
    tau: Annotated[float | None, typer.Option(min=0, max=1, help="False failure rate at most.")] = None,
    model: Annotated[str | None, typer.Option(help="Whose verdicts; the latest's unless given.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Go on with fewer than 20 labels.")] = False,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Choose the assertions that agree best with people, and measure them on other rows."""
    from service.cli.show import table

    with connect(server, key) as client:
        found = client.criteria.select(
            dataset_id, rule=rule.value, alpha=alpha, tau=tau, model=model, force=force or None
        )
        names = {one.id: one.name for one in client.criteria.list(dataset_id, retired=True)}
    if as_json:
        print(json.dumps(found, indent=2))
        return
    rows = [(a["id"], names[a["criterion_id"]], a["kind"], _line(a["text"])) for a in found["assertions"]]
    table(["id", "criterion", "kind", "text"], rows)
    _print_report(found)


def _print_report(found: Mapping[str, Any]) -> None:
    report, rows = found["report"], found["rows"]
    if report is None:
        print(f"chosen on {rows['selection']} rows; there are no others to measure it on", file=sys.stderr)
        return
    said = ", ".join(
        f"{name} {interval(report[key]) or 'undefined'}"
        for name, key in (
            ("coverage", "coverage"),
            ("false failures", "false_failure_rate"),
            ("alignment", "alignment"),
            ("kappa", "kappa"),
        )
    )
    print(f"chosen on {rows['selection']} rows, on {rows['report']} others: {said}", file=sys.stderr)
    if found["waiting"]:
        waiting = len(found["waiting"])
        print(f"{waiting} assertion(s) took no part: ask them about more rows first", file=sys.stderr)


def _line(text: str | None) -> str:
    return " ".join((text or "").split())
