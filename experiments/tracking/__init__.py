"""A run's record, and its projection into MLflow: the project's only import of mlflow is in here.

What is named below is light; `experiments.tracking.projection` holds the `Projector`, and
`experiments.tracking.store` the client's environment, both of which load MLflow.
"""

from experiments.tracking.errors import TrackingError, TrackingRejected, TrackingUnavailable
from experiments.tracking.links import Links
from experiments.tracking.record import (
    DatasetInfo,
    JudgedRow,
    PromptRecord,
    RunRecord,
    TrialRecord,
    dataset_info,
    flat_configuration,
    judged_rows,
    trial_record,
)

__all__ = [
    "DatasetInfo",
    "JudgedRow",
    "Links",
    "PromptRecord",
    "RunRecord",
    "TrackingError",
    "TrackingRejected",
    "TrackingUnavailable",
    "TrialRecord",
    "dataset_info",
    "flat_configuration",
    "judged_rows",
    "trial_record",
]
