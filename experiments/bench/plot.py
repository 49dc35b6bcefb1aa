"""Kappa against calls, as a picture."""

from collections import defaultdict
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from experiments.bench.summary import BASELINE, Line, Summary

mpl.use("Agg")
_OWN = "joint"
_TICKS = (0, 50, 200, 400, 800, 1200, 1600, 2000, 3000, 4000, 5000, 7000, 10_000)
_MARKERS = "osD^vPX*<>phd"


def plot(summary: Summary, path: Path) -> None:
    """Write the picture (the suffix of `path` names the form). A peer with budgets is a line, another a
    point."""
    figure = Figure(figsize=(8.4, 5.2), layout="constrained")
    axes = figure.subplots()
    peers: dict[str, list[Line]] = defaultdict(list)
    for line in summary.lines:
        peers[line.peer].append(line)
    colours = mpl.color_sequences["tab10"]
    for number, (peer, lines) in enumerate((p, found) for p, found in peers.items() if p != BASELINE):
        lines.sort(key=lambda line: line.calls)
        own = peer == _OWN
        axes.plot(
            [line.calls for line in lines],
            [line.kappa for line in lines],
            marker=_MARKERS[number % len(_MARKERS)],
            color="black" if own else colours[number % len(colours)],
            linewidth=2.4 if own else 1.3,
            markersize=7 if own else 6,
            zorder=4 if own else 3,
            clip_on=False,
            label=peer,
        )
    for value, name, style in ((summary.reachable, "best known", "--"), (summary.baseline, BASELINE, ":")):
        if value is not None:
            axes.axhline(value, color="grey", linestyle=style, linewidth=1.2, label=name)
    axes.set_xlabel("calls of the search (mean)")
    axes.set_ylabel("kappa with people on test rows (mean)")
    kind = "simulated worlds" if summary.simulated else summary.model
    axes.set_title(f"{kind}: {len(summary.cases)} searches a point", fontsize=11)
    axes.grid(alpha=0.25)
    # A square root gives room to small budgets, and keeps those who spend thousands in the picture.
    axes.set_xscale("function", functions=(np.sqrt, np.square))
    most = max((line.calls for line in summary.lines), default=0)
    axes.set_xticks([calls for calls in _TICKS if calls <= max(1.1 * most, 400)])
    axes.set_xlim(left=0)
    figure.legend(loc="outside right center", fontsize=8, frameon=False)
    figure.savefig(path, dpi=150)
