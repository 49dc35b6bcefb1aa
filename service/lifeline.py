"""A child process ends when its supervisor does, however that dies.

The supervisor keeps the writing end of a pipe open and gives each child the reading end. Nothing is
ever written: the end of the file, which the kernel delivers even after `kill -9`, is the message.
"""

import os
import signal
import threading
import time

LIFELINE_VARIABLE = "CONCORD_LIFELINE_FD"
"""Holds the number of the inherited file descriptor."""

LAST_WORDS_S = 10.0
"""How long a process whose supervisor is gone may take to end in order."""


def hold_lifeline() -> None:
    """Watch the supervisor, if there is one. To be called before anything slow is imported."""
    given = os.environ.pop(LIFELINE_VARIABLE, None)
    if given is None:
        return
    thread = threading.Thread(target=_watch, args=(int(given),), name="lifeline", daemon=True)
    thread.start()


def _watch(fd: int) -> None:
    while os.read(fd, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LAST_WORDS_S)
    # The group is this process's own (the supervisor made it so), with all that it has started.
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)
    os.kill(os.getpid(), signal.SIGKILL)
