"""How commands show what they found: tables and progress, or plain text when not on a terminal."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

stdout = Console(highlight=False)
stderr = Console(highlight=False, stderr=True)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under their headings; whole and with tabs between cells where a program reads them."""
    if not stdout.is_terminal:
        for row in (columns, *rows):
            print("\t".join("" if cell is None else str(cell) for cell in row))
        return
    shown = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        shown.add_row(*("" if cell is None else str(cell).replace("[", r"\[") for cell in row))
    stdout.print(shown)


def fields(values: Mapping[str, object]) -> None:
    """Print names and values, nested ones indented."""
    for line in _lines(values, ""):
        stdout.print(line, markup=False, soft_wrap=True)


def _lines(values: Mapping[str, object], indent: str) -> Iterator[str]:
    for name, value in values.items():
        if isinstance(value, Mapping) and value:
            yield f"{indent}{name}:"
            yield from _lines(value, indent + "  ")
        elif value not in (None, [], {}):
            yield f"{indent}{name}: {value}"


class Bars:
    """One bar a phase of work, made when the phase is first heard of."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._bars: dict[str, TaskID] = {}

    def progress(self, phase: str, done: int, total: int, note: str = "") -> None:
        """`done` of `total` of `phase` are there; total 0 means that nobody knows."""
        if phase not in self._bars:
            self._bars[phase] = self._progress.add_task(phase, total=None, note="")
        self._progress.update(self._bars[phase], completed=done, total=total or None, note=note)

    def tell(self, line: str) -> None:
        """Print a line above the bars."""
        self._progress.console.print(line, markup=False, soft_wrap=True)


@contextmanager
def bars() -> Iterator[Bars]:
    """Progress on standard error, where it disturbs no pipe."""
    columns = (
        TextColumn("{task.description:<10}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[note]}", markup=False),
    )
    with Progress(*columns, console=stderr) as progress:
        yield Bars(progress)
