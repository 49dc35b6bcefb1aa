"""How fast kappa rises with each label, by what is labelled next, in simulated worlds.

    python -m experiments.sampling --data DIR --out DIR

Each labelled file (CSV) becomes a world of each mechanism, for each seed. Writes report.md
with a picture, summary.json and curves.json.
"""

import argparse
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from experiments.bench.design import FILES
from experiments.sampling.curves import ORDERS, curves
from experiments.sampling.report import write_report
from experiments.worlds.cases import crossed, parser_of, processes


def _arguments(given: Sequence[str] | None) -> argparse.Namespace:
    parser = parser_of("experiments.sampling", __doc__, FILES)
    parser.add_argument("--samplers", nargs="*", choices=sorted(ORDERS), default=list(ORDERS))
    return parser.parse_args(given)


def main(arguments: Sequence[str] | None = None) -> Path:
    """Measure, and write the report; its path."""
    given = _arguments(arguments)
    cases = crossed(given.files, given.seeds, given.mechanisms)
    measure = partial(curves, given.data, samplers=given.samplers)
    found = []
    with processes(given.jobs) as pool:
        for case, own in zip(cases, pool.map(measure, cases), strict=True):
            found += own
            print(f"{case.cluster} {case.mechanism} (simulated)", flush=True)  # noqa: T201
    return write_report(given.out, found)


if __name__ == "__main__":
    main()
