"""Simulated worlds on labelled files. Whatever is measured in them is simulated."""

from experiments.worlds.files import LabelledFile, read_labelled
from experiments.worlds.making import Making, WorldFile, make_world_file
from experiments.worlds.mechanisms import MECHANISMS, SimulatedJudge
from experiments.worlds.reachable import Reachable, best_reachable
from experiments.worlds.transport import WorldTransport
from experiments.worlds.trying import Tried, run_on_world

__all__ = [
    "MECHANISMS",
    "LabelledFile",
    "Making",
    "Reachable",
    "SimulatedJudge",
    "Tried",
    "WorldFile",
    "WorldTransport",
    "best_reachable",
    "make_world_file",
    "read_labelled",
    "run_on_world",
]
