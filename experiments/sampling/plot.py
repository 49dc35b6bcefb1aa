"""Kappa against labels, as a picture: a panel for each judge, a line for each order."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl
from matplotlib.figure import Figure

from experiments.sampling.curves import LABELS
from experiments.sampling.summary import REFERENCE, Line
from optimizers.sampling.registry import DEFAULT_SAMPLER

mpl.use("Agg")
_STYLES = {REFERENCE: ("black", "--", 1.8), DEFAULT_SAMPLER: ("tab:blue", "-", 2.4)}


def plot(lines: Sequence[Line], path: Path) -> None:
    """Write the picture (the suffix of `path` names the form)."""
    learners = list(dict.fromkeys(line.learner for line in lines))
    figure = Figure(figsize=(3.4 * len(learners) + 1.6, 3.4), layout="constrained")
    panels = figure.subplots(1, len(learners), sharey=True, squeeze=False)[0]
    others = mpl.color_sequences["Set2"]
    samplers = list(dict.fromkeys(line.sampler for line in lines))
    for axes, learner in zip(panels, learners, strict=True):
        for line in (line for line in lines if line.learner == learner):
            own = (others[samplers.index(line.sampler) % len(others)], "-", 1.3)
            colour, style, width = _STYLES.get(line.sampler, own)
            axes.plot(LABELS, line.kappas, style, color=colour, linewidth=width, label=line.sampler)
        axes.set_title(learner, fontsize=10)
        axes.set_xlabel("labels")
        axes.grid(alpha=0.25)
    panels[0].set_ylabel("kappa on other rows (mean)")
    figure.suptitle("simulated worlds", fontsize=11)
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside right center", fontsize=8, frameon=False
    )
    figure.savefig(path, dpi=130)
