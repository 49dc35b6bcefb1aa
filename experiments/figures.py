"""The figures of a report: confusion tables and the learning curve.

Drawn with matplotlib's objects on the Agg canvas: no global state, no display, any thread.
Colours are from Okabe and Ito's palette, which people with colour blindness can tell apart;
no meaning hangs on colour alone.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib import colormaps
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from optimizers.intervals import Estimate
from optimizers.kappa import Confusion

BLUE, ORANGE, GREY, INK = "#0072B2", "#D55E00", "#8C8C8C", "#222222"
DPI = 144


@dataclass(frozen=True, kw_only=True, slots=True)
class CurvePoint:
    """One trial on the learning curve. `calls` are the run's calls up to its end."""

    number: int
    calls: int
    kappa: Estimate


def png(figure: Figure) -> bytes:
    """The figure as a PNG file, the same bytes for the same figure."""
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": None})
    return buffer.getvalue()


# --- confusion --------------------------------------------------------------------------------------


def confusion_figure(tables: Sequence[tuple[str, Confusion]]) -> Figure:
    """Confusion tables side by side, each under its title: people's labels against verdicts.

    Rows are shaded by their share of the label's rows, so that classes of unequal size compare;
    agreement is blue with a tick, disagreement orange with a cross.
    """
    figure = Figure(figsize=(0.5 + 3.9 * len(tables), 3.5), layout="constrained")
    for index, (title, table) in enumerate(tables):
        axes = figure.add_subplot(1, len(tables), index + 1)
        _draw_confusion(axes, title, table)
    return figure


def _draw_confusion(axes: Axes, title: str, table: Confusion) -> None:
    counts = [
        [table.tp, table.fn, table.unparseable_bad],
        [table.fp, table.tn, table.unparseable_good],
    ]
    words = ["judged fail", "judged pass", "no verdict"]
    if not table.unparseable:
        counts, words = [row[:2] for row in counts], words[:2]
    shares = [[n / max(1, sum(row)) for n in row] for row in counts]
    tints = [[_tint(share, right=(x == y)) for x, share in enumerate(row)] for y, row in enumerate(shares)]
    axes.imshow(tints, aspect="auto")
    for y, row in enumerate(counts):
        for x, n in enumerate(row):
            _write_cell(axes, x, y, n, shares[y][x], right=(x == y))
    axes.set_xticks(range(len(words)), words)
    axes.set_yticks(
        [0, 1], [f"labelled fail\n({table.bad})", f"labelled pass\n({table.good})"], multialignment="right"
    )
    axes.set_title(title, fontsize=11, color=INK)
    axes.tick_params(length=0, labelsize=9, colors=INK)
    axes.spines[:].set_visible(False)


def _tint(share: float, *, right: bool) -> tuple[float, float, float, float]:
    """Blue for agreement, orange for the rest; pale enough for dark text up to a share of 0.8."""
    red, green, blue, alpha = colormaps["Blues" if right else "Oranges"](share / 1.25)
    return red, green, blue, alpha


def _write_cell(axes: Axes, x: int, y: int, n: int, share: float, *, right: bool) -> None:
    ink = "white" if share > 0.8 else INK
    mark = "✓" if right else "✗"
    axes.text(x, y - 0.07, f"{n}", ha="center", va="center", fontsize=17, color=ink)
    axes.text(x, y + 0.24, f"{mark} {share:.0%}", ha="center", va="center", fontsize=9, color=ink)


# --- learning curve ---------------------------------------------------------------------------------


def learning_figure(points: Sequence[CurvePoint], *, ceiling: float | None = None) -> Figure:
    """A dot for each trial with its interval, the best so far as a line, the baseline dashed.

    The first point is the baseline. Trials whose kappa is undefined are left out.
    """
    figure = Figure(figsize=(7.2, 3.9), layout="constrained")
    axes = figure.add_subplot()
    shown = [(p.calls, p.kappa.value, p.kappa) for p in points if p.kappa.value is not None]
    _draw_trials(axes, shown)
    if ceiling is not None:
        axes.axhline(ceiling, color=ORANGE, linewidth=1.2, linestyle=(0, (1, 1.5)))
        _label_line(axes, ceiling, "people among themselves", ORANGE)
    axes.set_xlabel("model calls so far")
    axes.set_ylabel("Cohen's kappa on dev")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8))
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E5E5E5", linewidth=0.8)
    axes.set_axisbelow(True)
    return figure


def _draw_trials(axes: Axes, shown: Sequence[tuple[int, float, Estimate]]) -> None:
    if not shown:
        axes.text(0.5, 0.5, "no trial has a defined kappa", ha="center", transform=axes.transAxes)
        return
    calls, kappas = [c for c, _, _ in shown], [k for _, k, _ in shown]
    for c, _, estimate in shown:
        if estimate.low is not None and estimate.high is not None:
            axes.plot([c, c], [estimate.low, estimate.high], color=GREY, linewidth=1, alpha=0.55, zorder=1)
    best = [max(kappas[: i + 1]) for i in range(len(kappas))]
    axes.step(calls, best, where="post", color=BLUE, linewidth=2, label="best so far", zorder=2)
    axes.scatter(calls, kappas, s=26, color="white", edgecolors=BLUE, linewidths=1.4, label="trial", zorder=3)
    axes.axhline(kappas[0], color=GREY, linewidth=1.2, linestyle="--", label="baseline", zorder=1)
    axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=3, frameon=False, fontsize=9)


def _label_line(axes: Axes, y: float, words: str, color: str) -> None:
    axes.annotate(
        words, (0.01, y), xycoords=("axes fraction", "data"), xytext=(0, 3),
        textcoords="offset points", color=color, fontsize=9,
    )  # fmt: skip
