"""How a command that fails tells it, and with which exit code."""

from optimizers.errors import (
    ConcordError,
    InvalidInput,
    RunCancelled,
    RunPaused,
    RunStopped,
)
from service.client_errors import ClientError
from service.errors import ServiceError

EXIT_FAILED = 1
EXIT_WRONG_CALL = 2
EXIT_PAUSED = 3
EXIT_INTERRUPTED = 130


def explain(error: BaseException) -> tuple[str, int] | None:
    """What to print on standard error and the exit code; `None` for an error that is our own fault."""
    match error:
        case RunPaused():
            return (
                f"paused ({error.reason}): {error.message}\nThe same command goes on from here.",
                EXIT_PAUSED,
            )
        case RunCancelled() | KeyboardInterrupt():
            return (
                "stopped; what was answered is kept, and the same command goes on from here",
                EXIT_INTERRUPTED,
            )
        case RunStopped():
            return f"stopped: {error}", EXIT_FAILED
        case InvalidInput():
            return f"error: {error}", EXIT_WRONG_CALL
        case ConcordError() | ServiceError() | ClientError():
            return f"error: {error}", EXIT_FAILED
        case _:
            return None
