"""A run's record, and its projection into MLflow: the project's only import of mlflow is in here.

What is named below is light; `experiments.tracking.projection` holds the `Projector`, which loads
MLflow.
"""

from experiments.tracking.environment import CLIENT_ENVIRONMENT
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
    "CLIENT_ENVIRONMENT",
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
