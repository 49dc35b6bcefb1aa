"""Which set of assertions agrees best with people, by how it is chosen, in simulated worlds.

    python -m experiments.selection --data DIR --out DIR

Each labelled file (CSV) becomes a world for each seed, the mechanisms in turn. Writes report.md and
summary.json.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from experiments.bench.design import FILES
from experiments.selection.measuring import Measured, measure_case
from experiments.selection.report import write_report
from experiments.worlds.cases import Case, parser_of, processes


def cases(files: Sequence[str], seeds: Sequence[int], mechanisms: Sequence[str]) -> list[Case]:
    """Each file with each seed; the mechanisms rotate over both, so that each meets different files."""
    return [
        Case(file=file, seed=seed, mechanism=mechanisms[(len(seeds) * place + turn) % len(mechanisms)])
        for turn, seed in enumerate(seeds)
        for place, file in enumerate(files)
    ]


def main(arguments: Sequence[str] | None = None) -> Path:
    """Measure, and write the report after each case, so that what is there can be read; its path."""
    given = parser_of("experiments.selection", __doc__, FILES).parse_args(arguments)
    found: list[Measured] = []
    todo = cases(given.files, given.seeds, given.mechanisms)
    with processes(given.jobs) as pool:
        for own in pool.map(partial(measure_case, given.data), todo):
            found += own
            path = write_report(given.out, found)
            said = ", ".join(f"{each.way} {each.kappa:.2f}" for each in own)
            print(f"{own[0].case.file}/{own[0].case.seed} {own[0].case.mechanism}: {said}", flush=True)  # noqa: T201
    return path


if __name__ == "__main__":
    main()
