"""A look at an upload, as it is told: what was understood, what would be refused, what looks wrong."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from optimizers.types import Label
from service.datasets.counts import Counts, warnings
from service.datasets.ingest import ColumnRequest, LabelWords, Limits, Preview, Reading, Row, Upload, preview
from service.datasets.ingest.rows import Record, shown
from service.datasets.inspection_schemas import (
    AnnotatorUnderstood,
    ColumnDoubt,
    ColumnLack,
    ColumnOut,
    DatasetInspected,
    FirstRow,
    LabelsUnderstood,
    LabelValue,
    RawRow,
)
from service.datasets.schemas import ClassCounts, ProblemOut, RefusedOut

CELL_MAX_CHARS = 2_000
"""Of a text in the first rows."""
RAW_MAX_CHARS = 200
EITHER_WAY = frozenset({"0", "1", "true", "false"})
"""Words that some tools write for a good output and others for a defect."""
OF_DEFECTS = re.compile(
    r"fail|bad|defect|error|wrong|incorrect|hallucinat|toxic|unsafe|harmful|violat|reject", re.IGNORECASE
)
"""Headers under which 1 or true means that something is wrong."""
ENOUGH_CRITIQUES = 5
MANY_FAILS = 0.7


def look(
    upload: Upload,
    *,
    label_mapping: Mapping[str, str] | None,
    columns: Mapping[str, Any] | None,
    limits: Limits,
) -> DatasetInspected:
    """How an upload would be understood.

    Raises:
        DatasetRejected: nothing of it can be read.
        MediaUnsupported, TooLarge: it is not to be read.
        InvalidInput: `label_mapping` or `columns` is wrong.
    """
    reading = Reading(words=LabelWords(label_mapping), columns=ColumnRequest.parse(columns), limits=limits)
    found = preview(upload, reading)
    return DatasetInspected(
        format=found.format,
        encoding=found.encoding,
        delimiter=found.delimiter,
        rows=found.n_rows,
        usable=found.n_usable,
        acceptable=not found.refused.total,
        columns=_columns(found),
        missing=[ColumnLack(role=r, allowed=allowed) for r, allowed in found.columns.missing.items()],
        unclear=[ColumnDoubt(role=r, candidates=list(names)) for r, names in found.columns.unclear.items()],
        first_rows=[_first_row(row) for row in found.first],
        raw_rows=[_raw_row(record) for record in found.raw],
        labels=_labels(found),
        annotators=_annotators(found),
        criterion=found.criterion,
        refused=_refused(found),
        warnings=list(_warnings(found, mapped=label_mapping is not None)),
    )


def _columns(found: Preview) -> list[ColumnOut]:
    roles = {header: role for role, header in found.columns.roles.items()}
    annotators = {header: name for name, header in found.columns.annotators.items()}
    return [
        ColumnOut(name=header, role=roles.get(header), annotator=annotators.get(header))
        for header in found.headers
    ]


def _refused(found: Preview) -> RefusedOut:
    problems = [ProblemOut.of(problem) for problem in found.refused.problems]
    return RefusedOut(rows=found.n_rows - found.n_usable, total=found.refused.total, problems=problems)


# --- the first rows ---------------------------------------------------------------------------------


def _first_row(row: Row) -> FirstRow:
    text, output, critique = row.example.input, row.example.output, row.critique
    return FirstRow(
        line=row.line,
        id=row.example.id,
        input=text[:CELL_MAX_CHARS],
        output=output[:CELL_MAX_CHARS],
        label=row.label,
        critique=critique[:CELL_MAX_CHARS] if critique else None,
        group=row.example.group,
        labels={note.annotator: note.label for note in row.annotations},
        cut=max(len(text), len(output), len(critique or "")) > CELL_MAX_CHARS,
    )


def _raw_row(record: Record) -> RawRow:
    return RawRow(line=record.line, cells={shown(name): _raw(cell) for name, cell in record.cells.items()})


def _raw(cell: object) -> str | None:
    if cell is None:
        return None
    text = cell if isinstance(cell, str) else repr(cell)
    cut = text if len(text) <= RAW_MAX_CHARS else text[: RAW_MAX_CHARS - 1] + "…"
    return cut.replace("\x00", "\\x00").encode("utf-8", "backslashreplace").decode()


# --- labels -----------------------------------------------------------------------------------------


def _labels(found: Preview) -> LabelsUnderstood:
    known = {word for word, seen in found.words.items() if seen.means is not None}
    return LabelsUnderstood(
        values=[
            LabelValue(value=word, means=seen.means, rows=seen.rows, annotations=seen.annotations)
            for word, seen in found.words.items()
        ],
        classes=_classes(found.tally.labels),
        unlabelled=found.tally.unlabelled,
        tied=found.tally.tied,
        switchable=bool(known) and known <= EITHER_WAY,
        allowed=found.allowed_words,
    )


def _classes(labels: Mapping[Label, int]) -> ClassCounts:
    return ClassCounts(**{label.value: labels.get(label, 0) for label in Label})


def _annotators(found: Preview) -> list[AnnotatorUnderstood]:
    names = dict.fromkeys((*found.columns.annotators, *found.tally.annotators))
    return [
        AnnotatorUnderstood(
            name=name,
            column=found.columns.annotators.get(name),
            labels=_classes(found.tally.annotators.get(name, {})),
        )
        for name in names
    ]


# --- what looks wrong -------------------------------------------------------------------------------


def _warnings(found: Preview, *, mapped: bool) -> Iterator[str]:
    if not mapped:
        yield from _signs_of_inversion(found)
    yield from warnings(_counts(found))
    if found.tally.repeated:
        yield (
            f"{found.tally.repeated} rows repeat the input and output of an earlier row; rows of one input "
            "stay together in one part"
        )


def _counts(found: Preview) -> Counts:
    """As of a dataset of the usable rows: what is weak about it is weak about this."""
    tally = found.tally
    counts = Counts(examples=found.n_usable, groups=len(tally.groups))
    counts.largest_group = max(tally.groups.values(), default=0)
    counts.labels.update({label.value: n for label, n in tally.labels.items()})
    counts.sources["tie"] = tally.tied
    return counts


def _signs_of_inversion(found: Preview) -> Iterator[str]:
    """Where the words can be meant either way: does anything speak for the other way?"""
    labels = _labels(found)
    n_labelled = labels.classes.passed + labels.classes.failed
    if not labels.switchable or not n_labelled:
        return
    header = found.columns.roles.get("label", "")
    share = labels.classes.failed / n_labelled
    if OF_DEFECTS.search(header):
        yield f"labels look inverted: the column is called {shown(header)!r}, and 1 or true is read as pass"
    elif _critiques_beside_passes(found):
        yield (
            "labels look inverted: critiques stand beside rows that are read as pass more than beside fails, "
            "and people mostly explain fails"
        )
    elif share >= MANY_FAILS:
        yield f"{share:.0%} of the labels are read as fail: see whether 1 means pass in this file"


def _critiques_beside_passes(found: Preview) -> bool:
    labels, critiques = found.tally.labels, found.tally.critiques
    if critiques.total() < ENOUGH_CRITIQUES or not labels[Label.PASS] or not labels[Label.FAIL]:
        return False
    of_passes, of_fails = (critiques[label] / labels[label] for label in (Label.PASS, Label.FAIL))
    return of_passes >= 0.5 and of_passes >= 2 * of_fails
