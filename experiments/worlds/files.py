"""Labelled files: reading one, and taking as many rows of it as an experiment needs."""

import csv
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from optimizers.splits import Fractions, RowKey, assign_parts
from optimizers.types import Example, Label, LabelledExample, Part, Snapshot, Split

LONGEST_INPUT = 1_500
"""Characters of an input that are kept, so that experiments stay cheap."""

LONGEST_OUTPUT = 700

FRACTIONS = Fractions(train=0.2, dev=0.2, test=0.6)
"""100 train, 100 dev and 300 test rows of 500."""


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelledFile:
    """A labelled file: its name, what pass means, and its rows."""

    name: str
    criterion: str
    rows: tuple[LabelledExample, ...]


def read_labelled(path: Path) -> LabelledFile:
    """Read a CSV with `input`, `output`, `label` (1: pass, 0: fail), and, where there are such columns,
    `id`, `feedback`, `group` and `criterion`. Rows that repeat another's texts are left out.

    Raises:
        ValueError: a column is missing, or a label is neither 0 nor 1.
    """
    csv.field_size_limit(10**9)
    with path.open(newline="", encoding="utf-8") as file:
        raw = list(csv.DictReader(file))
    missing = {"input", "output", "label"} - set(raw[0] if raw else ())
    if missing:
        raise ValueError(f"{path.name} has no column {', '.join(sorted(missing))}")
    rows: dict[tuple[str, str], LabelledExample] = {}
    for number, line in enumerate(raw):
        row = _row(line, f"{path.stem}-{number:05d}")
        rows.setdefault((row.example.input, row.example.output), row)
    return LabelledFile(
        name=path.stem,
        criterion=raw[0].get("criterion") or "The output is a good response to the input.",
        rows=tuple(rows.values()),
    )


def _row(line: dict[str, str], fallback: str) -> LabelledExample:
    if line["label"] not in {"0", "1"}:
        raise ValueError(f"label must be 0 or 1, got {line['label']!r}")
    return LabelledExample(
        example=Example(
            id=line.get("id") or fallback,
            input=line["input"][:LONGEST_INPUT].strip(),
            output=line["output"][:LONGEST_OUTPUT].strip(),
            group=line.get("group") or None,
        ),
        label=Label.PASS if line["label"] == "1" else Label.FAIL,
        critique=line.get("feedback") or None,
    )


def take(rows: Sequence[LabelledExample], n: int, seed: int) -> tuple[LabelledExample, ...]:
    """`n` of `rows` by chance, classes in proportion; all of them where there are fewer."""
    if len(rows) <= n:
        return tuple(rows)
    rng = random.Random(f"take/{seed}")  # noqa: S311  # an experiment, not security
    taken: list[LabelledExample] = []
    fails = round(n * sum(row.label is Label.FAIL for row in rows) / len(rows))
    for label, number in ((Label.FAIL, fails), (Label.PASS, n - fails)):
        taken += rng.sample([row for row in rows if row.label is label], number)
    return tuple(sorted(taken, key=lambda row: row.id))


def parted(rows: Sequence[LabelledExample], seed: int) -> Split:
    """Parts by `FRACTIONS`, classes in proportion, groups whole; each seed gives other parts."""
    keys = [RowKey(id=row.id, group_key=f"{seed}/{row.example.group_key}", label=row.label) for row in rows]
    return Split(parts=assign_parts(keys, FRACTIONS))


def snapshot(file: LabelledFile, *, rows: int, seed: int) -> Snapshot:
    """`rows` of the file as they are, with parts."""
    chosen = take(file.rows, rows, seed)
    return Snapshot(
        dataset_id=f"{file.name}-{seed}",
        name=file.name,
        criterion=file.criterion,
        rows=tuple(sorted(chosen, key=lambda row: row.id)),
        split=parted(chosen, seed),
    )


def sizes(found: Snapshot) -> str:
    """The parts' sizes, as in `100/100/300`."""
    return "/".join(str(len(found.part(part))) for part in Part)
