"""Invented rows as a labelled file, and worlds on it."""

import csv
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from experiments.standin import make_rows
from experiments.worlds import MECHANISMS, LabelledFile, SimulatedJudge, make_world_file, read_labelled
from optimizers.types import Label


@pytest.fixture(scope="session")
def invented(tmp_path_factory: pytest.TempPathFactory) -> LabelledFile:
    """400 invented rows, 40 % of them fails."""
    path = tmp_path_factory.mktemp("data") / "invented.csv"
    rows = make_rows(seed=2, rows=400)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "input", "output", "label", "criterion", "feedback", "group"])
        for row in rows:
            label = int(row.label is Label.PASS)
            writer.writerow([row.id, row.input, row.output, label, "It settles the request.", "", ""])
    return read_labelled(Path(path))


@pytest.fixture(scope="session")
def world_of(invented: LabelledFile) -> Callable[..., SimulatedJudge]:
    """Makes the world of a mechanism (and a seed) on the invented file, each file once."""

    @cache
    def made(mechanism: str, seed: int = 1) -> SimulatedJudge:
        return MECHANISMS[mechanism](file_of(seed))

    file_of = cache(lambda seed: make_world_file(invented, seed))
    return made
