"""The experiment's report: Markdown for people, JSON with every number for machines."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from experiments.selection.measuring import ALLOWED, Measured
from experiments.selection.pool import DISTRACTIONS, WORDINGS
from experiments.selection.summary import Interval, Line, summarize


def write_report(folder: Path, found: Sequence[Measured]) -> Path:
    """Write `report.md` and `summary.json` into `folder`; the report's path.

    Raises:
        ValueError: as `summarize`.
    """
    lines = summarize(found)
    folder.mkdir(parents=True, exist_ok=True)
    plain = {
        "simulated": True,
        "summary": [asdict(line) for line in lines],
        "measured": [asdict(each) for each in found],
    }
    text = json.dumps(_rounded(plain), indent=1, sort_keys=True)
    (folder / "summary.json").write_text(text + "\n", encoding="utf-8")
    path = folder / "report.md"
    path.write_text("\n".join(_page(lines, found)) + "\n", encoding="utf-8")
    return path


def _rounded(value: object) -> object:
    if isinstance(value, float):
        return round(value, 4)
    if isinstance(value, dict):
        return {key: _rounded(item) for key, item in value.items()}
    return [_rounded(item) for item in value] if isinstance(value, list) else value


def _page(lines: Sequence[Line], found: Sequence[Measured]) -> Iterator[str]:
    cases = {each.case for each in found}
    files, seeds, mechanisms = (
        ", ".join(sorted({str(getattr(case, name)) for case in cases}))
        for name in ("file", "seed", "mechanism")
    )
    yield "# Which set of assertions: simulated worlds"
    yield ""
    yield "All numbers on this page are **simulated**: the assertions are stand-ins that answer like fallible"
    yield "judges. They compare ways to choose a set; they predict no figure of a real model."
    yield ""
    yield (
        f"{len(cases)} worlds: {files}, seeds {seeds}, mechanisms {mechanisms}. In each, people bring "
        f"{WORDINGS} assertions for each kind of defect and for {DISTRACTIONS} criteria that mean nothing. "
        f"Every way has the same labelled rows and {ALLOWED:g} times the calls that it takes to ask all "
        "these assertions about all these rows. Measured on test rows that nobody chose on. Gain: the "
        "strategy `criteria` less the other, paired in each world, with a 95 % interval from the bootstrap "
        "over files and their worlds."
    )
    yield ""
    yield "| way | alignment | kappa | gain, alignment | gain, kappa | worse in | no set | calls | a row |"
    yield "|---" * 9 + "|"
    for line in lines:
        yield (
            f"| {line.way} | {line.alignment:.3f} | {line.kappa:.3f} | {_shown(line.alignment_gain)} | "
            f"{_shown(line.kappa_gain)} | {_worse(line)} | {line.without_set} | "
            f"{line.calls:.0f} | {line.calls_per_row:.1f} |"
        )
    yield ""
    yield (
        "Worse in: worlds in which `criteria` has less kappa. No set: worlds in which the way found none, so "
        "that everything passes. Calls: those that choosing took. A row: calls at most to judge a row with "
        "the set; a judge in use stops as soon as the row is decided."
    )
    for heading, name in (("By mechanism", "mechanism"), ("By file", "file")):
        yield ""
        yield f"## {heading}"
        yield ""
        yield from _broken_down(lines, found, name)


def _broken_down(lines: Sequence[Line], found: Sequence[Measured], name: str) -> Iterator[str]:
    ways = [line.way for line in lines]
    yield f"| {name} | " + " | ".join(f"{way}: alignment, kappa" for way in ways) + " |"
    yield "|---" * (len(ways) + 1) + "|"
    for value in sorted({getattr(each.case, name) for each in found}):
        own = [each for each in found if getattr(each.case, name) == value]
        yield f"| {value} | " + " | ".join(_means([e for e in own if e.way == way]) for way in ways) + " |"


def _means(own: Sequence[Measured]) -> str:
    alignment = sum(each.alignment for each in own) / len(own)
    return f"{alignment:.2f}, {sum(each.kappa for each in own) / len(own):.2f}"


def _shown(gain: Interval | None) -> str:
    return "" if gain is None else f"{gain.value:+.3f} ({gain.low:+.3f} to {gain.high:+.3f})"


def _worse(line: Line) -> str:
    return "" if line.kappa_gain is None else f"{line.worse_in} of {line.worlds}"
