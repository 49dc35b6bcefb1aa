"""Try a strategy on simulated worlds.

    python -m experiments.worlds --data DIR --strategy joint --calls 400

Each labelled file (CSV) of the folder becomes a world of each mechanism. All numbers are simulated.
"""

import argparse
import json
from pathlib import Path

from experiments.worlds.files import read_labelled
from experiments.worlds.making import make_world_file
from experiments.worlds.mechanisms import MECHANISMS
from experiments.worlds.reachable import best_reachable
from experiments.worlds.trying import run_on_world
from optimizers.lm.loop import BackgroundLoop
from optimizers.strategies.registry import DEFAULT


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m experiments.worlds",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, required=True, help="folder of labelled files")
    parser.add_argument("--files", nargs="*", help="names of files, all unless given")
    parser.add_argument("--mechanisms", nargs="*", choices=sorted(MECHANISMS), default=list(MECHANISMS))
    parser.add_argument("--strategy", default=DEFAULT)
    parser.add_argument("--options", type=json.loads, default={}, help="JSON of the strategy's options")
    parser.add_argument("--calls", type=int, default=400, help="of the search; the final test comes on top")
    parser.add_argument("--seeds", type=int, nargs="*", default=[0])
    return parser.parse_args()


def main() -> None:
    """Print a line for each world."""
    given = _arguments()
    form = "{:24} {:12} {:>4} {:>9} {:>7} {:>10} {:>6}"
    print(form.format("file", "mechanism", "seed", "baseline", "found", "reachable", "calls"), "(simulated)")  # noqa: T201
    for path in sorted(given.data.glob("*.csv")):
        if given.files and path.stem not in given.files:
            continue
        file = read_labelled(path)
        for mechanism in given.mechanisms:
            for seed in given.seeds:
                world = MECHANISMS[mechanism](make_world_file(file, seed))
                with BackgroundLoop() as loop:
                    reachable = best_reachable(world, loop).kappa
                tried = run_on_world(world, given.strategy, given.options, calls=given.calls, seed=seed)
                kappas = [tried.baseline_test_kappa, tried.test_kappa, reachable]
                shown = [f"{kappa:.3f}" if kappa is not None else "-" for kappa in kappas]
                print(form.format(path.stem, mechanism, seed, *shown, tried.calls), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
