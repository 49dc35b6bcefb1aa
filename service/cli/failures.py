"""How a command that fails tells it, and with which exit code."""

from os import PathLike

from optimizers.errors import (
    ConcordError,
    DatasetRejected,
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
SHOWN_ROWS = 10
"""How many unusable rows are printed."""


class StillRunning(Exception):
    """Ctrl-C ended the watching of work that goes on. The message says how to watch it again."""


def explain(error: BaseException) -> tuple[str, int] | None:
    """What to print on standard error and the exit code; `None` for an error that is our own fault."""
    said, code = f"error: {error}", EXIT_FAILED
    match error:
        case RunPaused():
            said = f"paused ({error.reason}): {error.message}\nThe same command goes on from here."
            code = EXIT_PAUSED
        case RunCancelled() | KeyboardInterrupt():
            said = "stopped; what was answered is kept, and the same command goes on from here"
            code = EXIT_INTERRUPTED
        case StillRunning():
            said, code = str(error), EXIT_INTERRUPTED
        case SystemExit(code=130):  # Ctrl-C before any work began
            said, code = "stopped", EXIT_INTERRUPTED
        case RunStopped():
            said = f"stopped: {error}"
        case DatasetRejected():
            said, code = _rows(error), EXIT_WRONG_CALL
        case InvalidInput():
            code = EXIT_WRONG_CALL
        case ConcordError() | ServiceError() | ClientError():
            pass
        case OSError(filename=str() | PathLike() as path, strerror=str() as reason):
            said = f"error: {path}: {reason}"
        case _:
            return None
    return said, code


def _rows(error: DatasetRejected) -> str:
    lines = [f"error: {error.total} row problem(s)", *map(str, error.problems[:SHOWN_ROWS])]
    if error.total > SHOWN_ROWS:
        lines.append(f"and {error.total - SHOWN_ROWS} more")
    return "\n  ".join(lines) + "\nSee --column, --label and --skip-errors."
