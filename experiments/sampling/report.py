"""The experiment's report: Markdown and a picture for people, a summary and every curve for machines."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from experiments.sampling.curves import BATCH, LABELS, Curve
from experiments.sampling.plot import plot
from experiments.sampling.pool import DISTRACTIONS
from experiments.sampling.summary import REFERENCE, TARGET_LABELS, Interval, Line, summarize
from optimizers.sampling.registry import DEFAULT_SAMPLER

PICTURE = "kappa_by_labels.png"
_SHOWN = (10, 20, 30, 40, 60, 100, 150)


def write_report(folder: Path, found: Sequence[Curve]) -> Path:
    """Write `report.md`, `kappa_by_labels.png`, `summary.json` and `curves.json` into `folder`; the report's
    path.

    Raises:
        ValueError: as `summarize`.
    """
    lines = summarize(found)
    folder.mkdir(parents=True, exist_ok=True)
    curves = [
        asdict(curve.case)
        | {"sampler": curve.sampler, "learner": curve.learner, "kappas": [round(k, 4) for k in curve.kappas]}
        for curve in found
    ]
    plain = {"simulated": True, "labels": LABELS, "curves": curves}
    (folder / "curves.json").write_text(_one_a_line(plain), encoding="utf-8")
    summary = {"simulated": True, "labels": LABELS, "lines": [asdict(line) for line in lines]}
    (folder / "summary.json").write_text(json.dumps(summary, indent=1) + "\n", encoding="utf-8")
    plot(lines, folder / PICTURE)
    path = folder / "report.md"
    path.write_text("\n".join(_pages(lines, found)) + "\n", encoding="utf-8")
    return path


def _one_a_line(plain: dict[str, object]) -> str:
    curves = plain["curves"]
    assert isinstance(curves, list)
    rows = ",\n".join(json.dumps(curve, sort_keys=True) for curve in curves)
    head = json.dumps({key: value for key, value in plain.items() if key != "curves"}, sort_keys=True)
    return f'{head[:-1]}, "curves": [\n{rows}\n]}}\n'


def _pages(lines: Sequence[Line], found: Sequence[Curve]) -> Iterator[str]:
    files = sorted({curve.case.file for curve in found})
    seeds = sorted({curve.case.seed for curve in found})
    mechanisms = sorted({curve.case.mechanism for curve in found})
    yield "# What to label next: simulated worlds"
    yield ""
    yield "All numbers on this page are **simulated**: the assertions are stand-ins that answer like fallible"
    yield "judges. They compare orders of labelling; they predict no figure of a real model."
    yield ""
    yield (
        f"{lines[0].worlds} worlds: {', '.join(files)}, seeds {', '.join(map(str, seeds))}, mechanisms "
        f"{', '.join(mechanisms)}. In each, six assertions for each of its kinds of defect and for "
        f"{DISTRACTIONS} criteria that mean nothing have judged all rows; {BATCH} rows at a time are "
        "labelled, with people's errors. Of the labels a judge is made without a call, and its kappa "
        "measured on rows that nobody chose. Gain: kappa less random order's, the mean over all numbers of "
        f"labels from {LABELS[0]} to {LABELS[-1]}. Labels needed: for the kappa that random order has at "
        f"{TARGET_LABELS}. Intervals: 95 %, bootstrap over files and seeds, paired."
    )
    yield ""
    yield from (f"- {sentence}" for sentence in _readings(lines))
    yield ""
    yield f"![Kappa by the number of labels, for each order]({PICTURE})"
    for learner in dict.fromkeys(line.learner for line in lines):
        yield ""
        yield f"## Judge: {learner}"
        yield ""
        yield _row(["order", *(f"kappa at {n}" for n in _SHOWN), "gain (95 %)", "labels needed (95 %)"])
        yield _row(["---"] + ["---:"] * (len(_SHOWN) + 2))
        for line in lines:
            if line.learner == learner:
                yield _row(_cells(line))


def _readings(lines: Sequence[Line]) -> Iterator[str]:
    """For each judge what the default sampler saves, or that nothing is shown."""
    for line in lines:
        if line.sampler != DEFAULT_SAMPLER:
            continue
        needed = line.needed
        fewer = needed.high is not None and needed.high < TARGET_LABELS
        shown = (
            f"needs {_said(needed, '{:.0f}')}"
            if fewer
            else f"is not shown to need fewer: {_said(needed, '{:.0f}')}"
        )
        yield (
            f"**{line.learner}**: for the kappa that random order has at {TARGET_LABELS} labels "
            f"`{line.sampler}` {shown}."
        )


def _cells(line: Line) -> list[str]:
    kappas = [f"{line.kappas[LABELS.index(n)]:.3f}" for n in _SHOWN]
    if line.sampler == REFERENCE:
        return [line.sampler, *kappas, "", str(TARGET_LABELS)]
    return [line.sampler, *kappas, _said(line.gain, "{:+.3f}"), _said(line.needed, "{:.0f}")]


def _said(found: Interval, form: str) -> str:
    value, low, high = (
        f"over {LABELS[-1]}" if one is None else form.format(one)
        for one in (found.value, found.low, found.high)
    )
    return f"{value} ({low} to {high})"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
