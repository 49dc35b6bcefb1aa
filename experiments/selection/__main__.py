"""Which set of assertions agrees best with people, by how it is chosen, in simulated worlds.

    python -m experiments.selection --data DIR --out DIR

Each labelled file (CSV) becomes a world of each mechanism, for each seed. Writes report.md and summary.json.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from experiments.bench.design import FILES
from experiments.selection.measuring import Measured, measure_case
from experiments.selection.report import write_report
from experiments.worlds.cases import crossed, parser_of, processes


def main(arguments: Sequence[str] | None = None) -> Path:
    """Measure, and write the report after each case, so that what is there can be read; its path."""
    given = parser_of("experiments.selection", __doc__, FILES).parse_args(arguments)
    found: list[Measured] = []
    cases = crossed(given.files, given.seeds, given.mechanisms)
    with processes(given.jobs) as pool:
        for own in pool.map(partial(measure_case, given.data), cases):
            found += own
            path = write_report(given.out, found)
            said = ", ".join(f"{each.way} {each.kappa:.2f}" for each in own)
            print(f"{own[0].case.file}/{own[0].case.seed} {own[0].case.mechanism}: {said}", flush=True)  # noqa: T201
    return path


if __name__ == "__main__":
    main()
