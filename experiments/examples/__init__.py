"""The example that ships with the project: an invented support desk's replies, labelled by hand."""

from experiments.examples.support_desk import (
    SUPPORT_DESK_BASELINE,
    SUPPORT_DESK_CRITERION,
    support_desk_defects_path,
    support_desk_path,
)

__all__ = [
    "SUPPORT_DESK_BASELINE",
    "SUPPORT_DESK_CRITERION",
    "support_desk_defects_path",
    "support_desk_path",
]
