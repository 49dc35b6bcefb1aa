import os
import subprocess
import sys
from pathlib import Path

from optimizers.strategies import registry

SEARCH = """
import sys
from pathlib import Path
from optimizers.strategies import create
from optimizers.testing.lab import Lab
from optimizers.types import digest

for name in sys.argv[2:]:
    run = Lab(ledger=Path(sys.argv[1]) / name).run(create(name), calls=150)
    print(name, digest([[t.candidate.id, t.kappa, t.complete, t.origin] for t in run.trials]))
"""


def searched(folder: Path, hash_seed: str) -> str:
    folder.mkdir()
    environment = os.environ | {"PYTHONHASHSEED": hash_seed}
    command = [sys.executable, "-c", SEARCH, str(folder), *registry.names()]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=110)
    return done.stdout


def test_a_run_does_not_depend_on_the_process_and_prints_nothing(tmp_path: Path) -> None:
    first, second = (searched(tmp_path / seed, seed) for seed in ("0", "1"))
    assert first == second
    assert [line.split()[0] for line in first.splitlines()] == list(registry.names())
