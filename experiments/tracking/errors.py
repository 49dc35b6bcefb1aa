"""What tracking raises.

::

    TrackingError
    ├── TrackingUnavailable     MLflow does not answer now: project again later, nothing is lost
    └── TrackingRejected        MLflow answered that it will not take this record
"""


class TrackingError(Exception):
    """Base of all tracking errors. A run goes on without tracking."""


class TrackingUnavailable(TrackingError):
    """MLflow is down, slow or failing."""


class TrackingRejected(TrackingError):
    """MLflow refuses this record as it is; trying again changes nothing."""
