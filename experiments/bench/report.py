"""The benchmark's report: Markdown for people, JSON for machines, a picture."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from experiments.bench.peers.registry import peers
from experiments.bench.plot import plot
from experiments.bench.results import Case, Ground, Measured, ResultFolder
from experiments.bench.summary import Difference, Line, Summary, summarize


def write_report(folder: Path) -> Path:
    """Sum up what is in `folder` as `report.md`, `summary.json`, `verdicts.json` and
    `kappa_by_calls.png`.

    Raises:
        ValueError: as `summarize`.
    """
    results = ResultFolder(folder)
    grounds, measured = results.grounds(), results.measured()
    summary = summarize(grounds, measured)
    verdicts = json.dumps(_verdicts(grounds, measured), indent=1)
    (folder / "verdicts.json").write_text(verdicts + "\n", encoding="utf-8")
    text = json.dumps(_without_labels(summary), indent=1, sort_keys=True, default=list)
    (folder / "summary.json").write_text(text + "\n", encoding="utf-8")
    plot(summary, folder / "kappa_by_calls.png")
    path = folder / "report.md"
    path.write_text("\n".join(_lines(summary)) + "\n", encoding="utf-8")
    return path


def _without_labels(summary: Summary) -> dict[str, object]:
    """The summary as plain values; people's labels stand with the verdicts alone."""
    plain = asdict(summary)
    for ground in plain["cases"]:
        del ground["truth"]
    return plain


_LETTERS = {"pass": "P", "fail": "F", None: "-"}


def _verdicts(grounds: Mapping[Case, Ground], measured: Sequence[Measured]) -> dict[str, object]:
    """All verdicts: for each case its rows, people's labels and each entry's, a letter a row (`P`ass,
    `F`ail, `-` none)."""
    cases = {}
    for case, ground in sorted(grounds.items(), key=lambda item: item[0].name):
        found = {
            one.entry: "".join(_LETTERS[one.verdicts.get(row)] for row in ground.truth)
            for one in measured
            if one.case == case
        }
        labels = "".join(_LETTERS[label] for label in ground.truth.values())
        cases[case.name] = {"rows": " ".join(ground.truth), "people": labels, "judges": found}
    simulated = all(ground.simulated for ground in grounds.values())
    return {"simulated": simulated, "cases": cases}


def _lines(summary: Summary) -> Iterator[str]:
    kind = "simulated worlds" if summary.simulated else summary.model
    yield f"# Strategies side by side: {kind}"
    yield ""
    if summary.simulated:
        yield (
            "All numbers on this page are **simulated**: the model is a stand-in that answers like a "
            "fallible judge. They compare ways of searching; they predict no figure of a real model."
        )
        yield ""
    yield _setting(summary)
    yield ""
    yield "![kappa against calls](kappa_by_calls.png)"
    yield ""
    yield from _table(summary)
    for reference in dict.fromkeys(one.reference for one in summary.differences):
        yield ""
        yield from _differences(reference, [d for d in summary.differences if d.reference == reference])
    yield ""
    yield from _cases(summary)


def _setting(summary: Summary) -> str:
    numbers = [f"{len(summary.cases)} searches for each peer"]
    if summary.baseline is not None:
        numbers.append(f"mean kappa of the baseline {summary.baseline:.3f}")
    if summary.reachable is not None:
        numbers.append(f"of the best known prompt {summary.reachable:.3f}")
    return (
        f"{'; '.join(numbers)}. Calls are all requests of a search, judgements and proposals, as the model's "
        "side counted them; the final test is not in them. An answer without a verdict is a third category. "
        "Gap closed: the way from the baseline to the best known prompt. Times are of the search, in seconds."
    )


def _table(summary: Summary) -> Iterator[str]:
    mechanisms = sorted({name for line in summary.lines for name in line.by_mechanism if name})
    head = ["peer", "budget", "kappa", "gap closed", "calls", *mechanisms]
    head += ["below baseline", "no verdict", "failed", "wall s", "CPU s", "what it is"]
    yield _row(head)
    yield _row(["---"] * 2 + ["---:"] * (len(head) - 3) + ["---"])
    known = peers()
    for line in summary.lines:
        closed = "" if line.gap_closed is None else f"{line.gap_closed:.0%}"
        cells = [line.peer, str(line.budget or ""), f"{line.kappa:.3f}", closed, f"{line.calls:.0f}"]
        cells += [
            f"{line.by_mechanism[name]:.3f}" if name in line.by_mechanism else "" for name in mechanisms
        ]
        cells += [f"{line.worse_than_baseline} of {line.cases}", str(line.unparseable), _failed(line)]
        cells += [f"{line.wall_s:.1f}", f"{line.cpu_s:.1f}"]
        yield _row([*cells, known[line.peer].note if line.peer in known else ""])


def _failed(line: Line) -> str:
    return f"{line.failed} of {line.cases}" if line.failed else ""


def _differences(reference: str, found: Sequence[Difference]) -> Iterator[str]:
    yield (
        f"## `{reference}` less each other, on the same cases (95 % bootstrap interval over file and seed)"
    )
    yield ""
    yield _row(["other", "difference", "interval", "pairs"])
    yield _row(["---", "---:", "---:", "---:"])
    for one in found:
        yield _row([one.entry, f"{one.value:+.3f}", f"{one.low:+.3f} to {one.high:+.3f}", str(one.cases)])


def _cases(summary: Summary) -> Iterator[str]:
    yield "## Cases"
    yield ""
    yield _row(["file", "mechanism", "seed", "train/dev/test", "best known kappa"])
    yield _row(["---", "---", "---:", "---:", "---:"])
    for ground in summary.cases:
        case = ground.case
        best = "" if ground.reachable is None else f"{ground.reachable:.3f}"
        yield _row([case.file, case.mechanism or "model", str(case.seed), ground.sizes, best])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
