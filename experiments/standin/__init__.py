"""A simulated model behind the OpenAI protocol, for tests and benchmarks. Its numbers are simulated."""

from experiments.standin.faults import Fault, FaultKind, Faults
from experiments.standin.rows import CRITERION, WorldRow, make_rows, write_csv
from experiments.standin.server import LoggedCall, StandIn
from experiments.standin.worlds import (
    WORLDS,
    Character,
    Judgement,
    KnownBetterPrompt,
    NullWorld,
    Prompt,
    Proposal,
    World,
)

__all__ = [
    "CRITERION",
    "WORLDS",
    "Character",
    "Fault",
    "FaultKind",
    "Faults",
    "Judgement",
    "KnownBetterPrompt",
    "LoggedCall",
    "NullWorld",
    "Prompt",
    "Proposal",
    "StandIn",
    "World",
    "WorldRow",
    "make_rows",
    "write_csv",
]
