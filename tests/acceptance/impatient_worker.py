"""The service's worker with short waits, which writes down whom it contacts: `impatient_worker.py FILE`."""

import os
import sys
from contextlib import suppress

_contacts = os.open(sys.argv[1], os.O_CREAT | os.O_APPEND | os.O_WRONLY)
_ASKED = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr")


def _write_down(event: str, args: tuple[object, ...]) -> None:
    if event in _ASKED:
        with suppress(OSError):  # a disk that is full is somebody's test
            os.write(_contacts, f"{args[1] if event == 'socket.connect' else args[0]}\n".encode())


def main() -> None:
    """Work as `concord worker` does, with the settings of the environment."""
    from service.composition import quiet_environment

    quiet_environment()
    from optimizers.lm import GatewaySettings, RetryPolicy
    from service.logs import configure
    from service.settings import Settings
    from service.worker import work

    quickly = RetryPolicy(
        max_attempts=3, first_backoff_s=0.01, longest_backoff_s=0.05, longest_retry_after_s=0.1
    )
    settings = Settings()
    configure(settings)
    work(settings, GatewaySettings(timeout_s=3.0, retry=quickly, lease_s=4.0))


if __name__ == "__main__":
    sys.addaudithook(_write_down)
    main()
