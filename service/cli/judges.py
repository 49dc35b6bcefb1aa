"""`concord judges`: named judges on the server, and what they do in use."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with
# ruff: noqa: PLR0913, PLR0917  # a command's options are its parameters

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.connection import DEFAULT_SERVER, Key, Server, connect, pairs
from service.cli.local import ColumnNames, Form, Labels, Rows, SkipErrors

if TYPE_CHECKING:
    from service.client_models import JudgedExample

judges = typer.Typer(help="Named judges on the server.", no_args_is_help=True)

BATCH = 1_000
"""Rows that the server judges in one request, at most."""
JUDGING_TIMEOUT_S = 900.0

TRAFFIC_COLUMNS = (
    "created_at",
    "version",
    "id",
    "input",
    "output",
    "verdict",
    "fail_probability",
    "rationale",
    "failure",
    "message",
    "example_id",
)

Version = Annotated[
    int | None, typer.Option("--version", min=1, help="A version; the champion unless given.")
]
Out = Annotated[Path | None, typer.Option("--out", "-o", help="Write it here.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print everything, as JSON.")]


# --- names, versions, champion ----------------------------------------------------------------------


@judges.command("list")
def list_(server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """List the judges, and whether their agreement with people has fallen."""
    from service.cli.show import table

    with connect(server, key) as client:
        found = [
            (j.name, j.champion, j.versions, interval((j.measured or {}).get("kappa")), j.drift, j.traffic)
            for j in client.judges.list()
        ]
    table(["name", "champion", "versions", "kappa", "drift", "traffic"], found)


@judges.command()
def show(name: str, server: Server = DEFAULT_SERVER, key: Key = None) -> None:
    """Show one judge with its versions and promotions."""
    from service.cli.show import fields, table

    with connect(server, key) as client:
        found = client.judges.get(name)
    versions, promotions = found.pop("versions"), found.pop("promotions")
    fields(found)
    rows = [
        (
            v["version"],
            "champion" if v["is_champion"] else "",
            v["run_id"] or v["evaluation_id"] or v["source"],
            v["conclusion"],
            interval((v["measured"] or {}).get("kappa")),
            v["note"],
        )
        for v in versions
    ]
    table(["version", "in use", "from", "conclusion", "kappa", "note"], rows)
    told = [(p["at"], p["version"], p["ground"], p["by"], p["because"]) for p in promotions]
    table(["promoted at", "version", "ground", "by", "because"], told)


@judges.command()
def create(
    name: str,
    run: Annotated[str | None, typer.Option(help="The winner of this run.")] = None,
    evaluation: Annotated[str | None, typer.Option(help="The judge of this evaluation.")] = None,
    file: Annotated[Path | None, typer.Option(exists=True, dir_okay=False, help="A judge file.")] = None,
    dataset: Annotated[str | None, typer.Option(help="The dataset that a file belongs to.")] = None,
    note: Annotated[str | None, typer.Option(help="A few words on it.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Keep a judge under a name: the first makes the name, each further one a version."""
    if sum(one is not None for one in (run, evaluation, file)) != 1:
        raise typer.BadParameter("give one of --run, --evaluation and --file")
    source: dict[str, Any] = {"run_id": run, "evaluation_id": evaluation, "dataset_id": dataset}
    if file is not None:
        from optimizers.artifact import from_json

        source["artifact"] = from_json(file.read_bytes()).to_plain()
    given = {field: value for field, value in source.items() if value is not None}
    with connect(server, key) as client:
        kept = client.judges.keep(name, given, note=note)
    print(f"{name}, version {kept.version}")


@judges.command()
def promote(
    name: str,
    version: Annotated[int, typer.Argument(min=1)],
    because: Annotated[str | None, typer.Option(help="Why, where no run says `improved`.")] = None,
    by: Annotated[str | None, typer.Option(help="Who says so.")] = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Put a version in use. It asks for a run that says `improved`, or for a person's word."""
    with connect(server, key) as client:
        found = client.judges.promote(name, version, because=because, by=by)
    print(f"the champion of {name} is version {found['champion']}")


@judges.command()
def export(
    name: str,
    version: Version = None,
    form: Annotated[Form, typer.Option("--format", help="Form of the judge.")] = Form.JSON,
    out: Out = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Print or save a version, as a file that works without the server."""
    with connect(server, key) as client:
        number = version or client.judges.get(name)["champion"]
        if number is None:
            raise typer.BadParameter(f"{name} has no champion: name a --version")
        text = client.judges.artifact(name, number, form.value)
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


@judges.command()
def delete(
    name: str,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Delete a judge with its versions and the traffic that it kept."""
    from service.cli.show import fields

    if not yes:
        typer.confirm(f"Delete {name} with its versions and traffic?", abort=True)
    with connect(server, key) as client:
        fields(client.judges.delete(name))


# --- in use -----------------------------------------------------------------------------------------


@judges.command()
def judge(
    name: str,
    rows: Rows,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The verdicts go here (CSV).")] = None,
    version: Version = None,
    keep: Annotated[bool, typer.Option(help="Keep the rows as traffic, for rate and monitor.")] = True,
    column: ColumnNames = None,
    label: Labels = None,
    skip_errors: SkipErrors = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Judge the rows of a file with the champion. The same file again is kept, and paid, once."""
    from service.cli.files import read_file, write_judged
    from service.cli.show import bars

    file = read_file(
        rows,
        label_mapping=pairs(label, "--label"),
        columns=pairs(column, "--column"),
        on_error="skip" if skip_errors else "refuse",
    )
    sent = [{"id": one.id, "input": one.input, "output": one.output} for one in file.examples]
    with connect(server, key, timeout_s=JUDGING_TIMEOUT_S) as client, bars() as shown:
        found: list[JudgedExample] = []
        for start in range(0, len(sent), BATCH):
            shown.progress("judging", start, len(sent))
            found += client.judges.judge(name, sent[start : start + BATCH], version=version, keep=keep)
        shown.progress("judging", len(sent), len(sent))
    write_judged(found, out)


@judges.command()
def traffic(
    name: str,
    out: Out = None,
    since: Annotated[str | None, typer.Option(help="Only rows since then, as in 2026-11-01.")] = None,
    verdict: Annotated[str | None, typer.Option(help="Only rows that `pass`, or that `fail`.")] = None,
    version: Version = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Print or save the rows that were kept, with what the judge said of them (CSV), the latest first."""
    from service.cli.files import write_table

    with connect(server, key) as client:
        kept = client.judges.traffic(name, since=since, verdict=verdict, version=version)
        write_table(kept, TRAFFIC_COLUMNS, out)


@judges.command()
def rate(
    name: str,
    since: Annotated[str | None, typer.Option(help="Only traffic since then, as in 2026-11-01.")] = None,
    version: Version = None,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Say how much of the unlabelled traffic passes, corrected for the judge's known errors."""
    with connect(server, key) as client:
        found = client.judges.rate(name, since=since, version=version)
    if as_json:
        _print(found)
        return
    apparent = 1 - found["apparent"]["value"]
    print(f"pass rate {interval(found['pass_rate'])} of {found['n']} rows; uncorrected {apparent:.2f}")
    _warn(found)


@judges.command()
def sample(
    name: str,
    n: Annotated[int, typer.Option("-n", min=1, max=1_000, help="How many rows.")] = 20,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    since: Annotated[str | None, typer.Option(help="Of traffic since then.")] = None,
    version: Version = None,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Put a random sample of the traffic into the judge's dataset, for people to label."""
    options = {"seed": seed, "since": since, "version": version}
    with connect(server, key) as client:
        found = client.judges.sample(
            name, n, **{o: value for o, value in options.items() if value is not None}
        )
    print(f"sample {found['sample']}: {found['n']} rows to label in {found['dataset_id']}", file=sys.stderr)
    print("\n".join(found["example_ids"]))


@judges.command()
def monitor(
    name: str,
    bound: Annotated[float | None, typer.Option(help="A kappa; what was measured unless given.")] = None,
    version: Version = None,
    as_json: AsJson = False,
    server: Server = DEFAULT_SERVER,
    key: Key = None,
) -> None:
    """Say whether the judge's agreement with people has fallen. Exit code 1 if it has."""
    from service.cli.show import table

    with connect(server, key) as client:
        found = client.judges.monitor(name, version=version, bound=bound)
    if as_json:
        _print(found)
    else:
        looks = [(one["name"], interval(one["kappa"]), f"{one['evidence']:.2f}") for one in found["looks"]]
        table(["sample", "kappa", "evidence"], looks)
        print(_in_words(found))
    if found["status"] == "fallen":
        raise typer.Exit(1)


def _in_words(found: Mapping[str, Any]) -> str:
    on = f"by {found['n']} labelled rows of traffic, bound {found['bound']:.2f}"
    if found["status"] == "fallen":
        return f"agreement has fallen ({found['fallen_at']}), {on}"
    if found["status"] == "too few":
        return f"too few labels to say, {on}"
    return f"no fall is shown, {on}"


def interval(estimate: Mapping[str, Any] | None, places: int = 2) -> str:
    """`0.41 (0.22 to 0.58)`; `none` where there is none."""
    if estimate is None or estimate["value"] is None:
        return "none"
    value, low, high = (estimate[name] for name in ("value", "low", "high"))
    within = f" ({low:.{places}f} to {high:.{places}f})" if low is not None and high is not None else ""
    return f"{value:.{places}f}{within}"


def _print(found: Mapping[str, Any]) -> None:
    print(json.dumps(found, ensure_ascii=False, indent=2))


def _warn(found: Mapping[str, Any]) -> None:
    for warning in found["warnings"]:
        print(f"warning: {warning}", file=sys.stderr)
