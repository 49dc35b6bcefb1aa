"""The commands that need no server: the whole job on a file, judging, exporting."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with
# ruff: noqa: PLR0913, PLR0917  # a command's options are its parameters

import sys
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from optimizers.strategies.registry import DEFAULT, STRATEGIES
from service.cli.connection import pairs

if TYPE_CHECKING:
    from experiments.spec import EarlierRun
    from optimizers.types import Evaluation
    from service.cli.files import RowFile

Rows = Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="CSV, JSONL or Parquet.")]
Labels = Annotated[
    list[str] | None,
    typer.Option("--label", help="How a label is written, as in --label 1=fail. Repeatable."),
]
ColumnNames = Annotated[
    list[str] | None,
    typer.Option("--column", help="Where a column is, as in --column output=reply. Repeatable."),
]
SkipErrors = Annotated[bool, typer.Option("--skip-errors", help="Leave unusable rows out.")]
Ledger = Annotated[
    Path | None,
    typer.Option(help="File of paid answers, by which nothing is paid twice; beside the judge unless given."),
]
ApiBase = Annotated[str | None, typer.Option(help="An OpenAI-compatible address that serves the model.")]
StartFrom = Annotated[
    Path | None,
    typer.Option("--from", exists=True, dir_okay=False, help="An earlier run's judge, to start from."),
]
InFlight = Annotated[int, typer.Option(min=1, help="Model calls open at a time, at most.")]


class Form(StrEnum):
    """The forms that a judge is exported in."""

    TEXT = "text"
    MESSAGES = "messages"
    DSPY = "dspy"
    MLFLOW = "mlflow"
    PROMPTFOO = "promptfoo"
    JSON = "json"


def optimize(
    rows: Rows,
    out: Annotated[Path, typer.Option("--out", "-o", help="The winning judge goes here.")] = Path(
        "best.json"
    ),
    criterion: Annotated[str | None, typer.Option(help="What pass means, in your words.")] = None,
    strategy: Annotated[str, typer.Option(help="How candidates are found.")] = DEFAULT,
    model: Annotated[str, typer.Option(envvar="CONCORD_MODEL", help="The judge's model.")] = "offline",
    api_base: ApiBase = None,
    proposer_model: Annotated[
        str | None, typer.Option(envvar="CONCORD_PROPOSER_MODEL", help="The model that writes proposals.")
    ] = None,
    instruction: Annotated[str | None, typer.Option(help="The instruction to start from.")] = None,
    start_from: StartFrom = None,
    seed: Annotated[int, typer.Option(min=0)] = 0,
    max_calls: Annotated[int | None, typer.Option(min=1, help="Budget in model calls.")] = None,
    max_tokens: Annotated[int | None, typer.Option(min=1, help="Budget in tokens.")] = None,
    max_cost_usd: Annotated[float | None, typer.Option(min=0, help="Budget in dollars.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Go on with fewer labels than advised.")] = False,
    report: Annotated[Path | None, typer.Option(help="The report, as Markdown, goes here.")] = None,
    mlflow_uri: Annotated[str | None, typer.Option(help="Record the run in this MLflow.")] = None,
    ledger: Ledger = None,
    label: Labels = None,
    column: ColumnNames = None,
    skip_errors: SkipErrors = False,
    max_in_flight: InFlight = 16,
) -> None:
    """Do the whole job on a labelled file: search, test, report. The same command resumes it."""
    from experiments.spec import RunSpec
    from optimizers.splits import Fractions, require_labels_to_optimize
    from optimizers.types import Budget, digest
    from service.cli.files import snapshot_of
    from service.composition import is_simulated, model_ref

    file = _read(rows, label, column, skip_errors=skip_errors)
    snapshot = snapshot_of(file, name=rows.stem, criterion=criterion, fractions=Fractions())
    if not force:
        require_labels_to_optimize(row.label for row in snapshot.rows)

    # Loads DSPy and scikit-learn: not before the file has turned out to be usable.
    from service.cli.job import Job, optimize_file

    spec = RunSpec(
        run_id="local",
        strategy=strategy,
        model=model_ref(model, api_base),
        proposer_model=model_ref(proposer_model, api_base) if proposer_model else None,
        instruction=instruction,
        seed=seed,
        budget=Budget(max_calls=max_calls, max_tokens=max_tokens, max_cost_usd=max_cost_usd),
        force=force,
        max_in_flight=max_in_flight,
        test_readings=-1,
        simulated=is_simulated(model),
        earlier=_earlier(start_from, strategy) if start_from else (),
    )
    # Its account of what was paid is its own, and the same when the command is repeated.
    spec = replace(spec, run_id=f"local-{digest([snapshot.digest, spec.configuration()])[:12]}")
    job = Job(out=out, report=report, ledger=ledger or out.with_suffix(".ledger"), mlflow_uri=mlflow_uri)
    optimize_file(spec, snapshot, job)


def _earlier(path: Path, strategy: str) -> "tuple[EarlierRun]":
    """The judge in a file as an earlier run, named by its content: the same judge is the same start.

    Raises:
        ArtifactInvalid: it is no judge file.
        InvalidInput: it holds no judge that was searched for, or the strategy starts from none.
    """
    from experiments.spec import EarlierRun
    from optimizers.artifact import from_json
    from optimizers.errors import InvalidInput

    starting = [name for name, entry in STRATEGIES.items() if entry.transfers]
    if strategy not in starting:
        raise InvalidInput(f"--from is for the strategy {', '.join(starting)}, got {strategy!r}")
    artifact = from_json(path.read_bytes())
    candidate, snapshot = artifact.candidate, artifact.provenance.get("snapshot")
    if candidate is None or candidate.verbatim is not None:
        raise InvalidInput(f"--from must be a judge with an instruction or solved examples, got {path}")
    name = f"judge-{artifact.digest[:12]}"
    known = str(snapshot) if snapshot is not None else None
    return (EarlierRun(run_id=name, candidate=candidate, snapshot=known),)


def judge(
    rows: Rows,
    artifact: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="A judge file.")],
    out: Annotated[Path | None, typer.Option("--out", "-o", help="The verdicts go here (CSV).")] = None,
    model: Annotated[str | None, typer.Option(help="Another model than the judge's own.")] = None,
    api_base: ApiBase = None,
    ledger: Ledger = None,
    column: ColumnNames = None,
    skip_errors: SkipErrors = False,
    label: Labels = None,
    max_in_flight: InFlight = 16,
) -> None:
    """Judge the rows of a file with a saved judge. Where the file has labels, say how far they agree."""
    from optimizers.artifact import from_json
    from service.cli.files import write_verdicts
    from service.cli.judging import judge_file
    from service.composition import model_ref

    loaded = from_json(artifact.read_bytes())
    own = loaded.model
    served = model_ref(model or own.name, api_base or (None if model else own.api_base))
    file = _read(rows, label, column, skip_errors=skip_errors)
    paid = ledger or artifact.with_suffix(".ledger")
    found = judge_file(loaded, file.examples, served, ledger=paid, max_in_flight=max_in_flight)
    write_verdicts(found, file.examples, out)
    _tell_agreement(file, found)


def export(
    artifact: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="A judge file.")],
    form: Annotated[Form, typer.Option("--format", help="Form of the judge.")] = Form.TEXT,
    out: Annotated[Path | None, typer.Option("--out", "-o", help="Write it here.")] = None,
) -> None:
    """Print or save a judge in another tool's form."""
    from optimizers.artifact import from_json
    from optimizers.export import export as export_judge

    text = export_judge(from_json(artifact.read_bytes()), form.value).text
    if out is None:
        sys.stdout.write(text)
    else:
        out.write_text(text, encoding="utf-8")


def _read(rows: Path, label: list[str] | None, column: list[str] | None, *, skip_errors: bool) -> "RowFile":
    from service.cli.files import read_file

    file = read_file(
        rows,
        label_mapping=pairs(label, "--label"),
        columns=pairs(column, "--column"),
        on_error="skip" if skip_errors else "refuse",
    )
    refused = file.inspection.refused
    if refused.total:
        print(f"left out {len(refused.lines)} unusable rows of {rows}", file=sys.stderr)
    return file


def _tell_agreement(file: "RowFile", found: "Evaluation") -> None:
    """Two lines on standard error."""
    labelled = file.labelled
    if not labelled:
        return
    from optimizers.kappa import cohen_kappa, confusion

    table = confusion([row.label for row in labelled], found.judged([row.id for row in labelled]))
    kappa = cohen_kappa(table)
    said = "undefined" if kappa is None else f"{kappa:.3f}"
    print(
        f"agreement with {len(labelled)} labels: kappa {said}; "
        f"fails {table.tp} of {table.bad} bad outputs and {table.fp} of {table.good} good ones, "
        f"no verdict on {table.unparseable}\n"
        "A judge agrees too well with rows that it was tuned on; its report says how it does on others.",
        file=sys.stderr,
    )
