"""Invented rows in a folder of labelled files, and a small world."""

import csv
from pathlib import Path

import pytest

from experiments.standin import make_rows
from experiments.worlds import MECHANISMS, SimulatedJudge, make_world_file, read_labelled
from optimizers.types import Label


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one file, `invented.csv`, of 150 rows."""
    folder = tmp_path_factory.mktemp("data")
    with (folder / "invented.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "input", "output", "label", "criterion"])
        for row in make_rows(seed=3, rows=150):
            label = int(row.label is Label.PASS)
            writer.writerow([row.id, row.input, row.output, label, "It settles the request."])
    return folder


@pytest.fixture(scope="session")
def world(data: Path) -> SimulatedJudge:
    """A world on it."""
    return MECHANISMS["named"](make_world_file(read_labelled(data / "invented.csv"), 1))
