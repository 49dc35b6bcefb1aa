"""`concord gate`: fails a build when a judge agrees with people less than it should."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with
# ruff: noqa: PLR0913, PLR0917  # a command's options are its parameters

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.connection import DEFAULT_SERVER, Key, pairs
from service.cli.local import ApiBase, ColumnNames, InFlight, Labels, Ledger, SkipErrors

if TYPE_CHECKING:
    from service.cli.gating import Bounds, Reading

EXIT_BELOW = 1

Url = Annotated[
    str, typer.Option("--url", "--server", envvar="CONCORD_URL", help="Address of the Concord server.")
]
Kappa = Annotated[float | None, typer.Option(min=-1, max=1, help="The least kappa.")]
Low = Annotated[float | None, typer.Option(min=-1, max=1, help="The least lower limit of kappa's interval.")]


def gate(
    judge: Annotated[str, typer.Argument(help="A judge's name on the server, or a judge file.")],
    labels: Annotated[
        Path | None,
        typer.Argument(exists=True, dir_okay=False, help="Labelled rows, for a judge file: no server then."),
    ] = None,
    dataset: Annotated[str | None, typer.Option(help="The labelled dataset on the server.")] = None,
    min_kappa: Kappa = None,
    min_low: Low = None,
    version: Annotated[int | None, typer.Option(min=1, help="Another version than the champion.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was measured, as JSON.")] = False,
    url: Url = DEFAULT_SERVER,
    key: Key = None,
    model: Annotated[str | None, typer.Option(help="Another model than a judge file's own.")] = None,
    api_base: ApiBase = None,
    ledger: Ledger = None,
    label: Labels = None,
    column: ColumnNames = None,
    skip_errors: SkipErrors = False,
    max_in_flight: InFlight = 16,
) -> None:
    """Fail where a judge agrees with people less than a bound, on labelled rows that it was not built from.

    Without a bound it is the lower limit of what was measured when the judge was made. What the judge has
    answered before costs nothing. Exit code 0: at or above it; 1: below; 2: a wrong call; 3: it could not be
    measured, because the server or the model's provider failed.
    """
    if (labels is None) == (dataset is None):
        raise typer.BadParameter(
            "give --dataset for a judge on the server, or a file of labels for a judge file"
        )
    from service.cli.gating import Bounds, FileGate, exit_codes, measured_here, measured_there

    with exit_codes():
        if dataset is not None:
            reading = measured_there(url, key, judge, dataset, version)
        else:
            assert labels is not None
            reading = measured_here(
                FileGate(
                    artifact=Path(judge),
                    labels=labels,
                    model=model,
                    api_base=api_base,
                    ledger=ledger,
                    label_mapping=pairs(label, "--label"),
                    columns=pairs(column, "--column"),
                    on_error="skip" if skip_errors else "refuse",
                    max_in_flight=max_in_flight,
                )
            )
        bounds = Bounds(kappa=min_kappa, low=min_low).or_of(reading)
    _tell(reading, bounds, as_json=as_json)


def _tell(reading: "Reading", bounds: "Bounds", *, as_json: bool) -> None:
    below, sentence = bounds.below(reading)
    for warning in reading.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    if as_json:
        print(json.dumps(bounds.told(reading), ensure_ascii=False, indent=2))
        print(sentence, file=sys.stderr)
    else:
        print(sentence)
    if below:
        raise typer.Exit(EXIT_BELOW)
