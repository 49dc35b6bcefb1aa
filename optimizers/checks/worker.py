"""The process in which code checks are evaluated, so that none can harm the one that asks.

It reads orders from its standard input, a line each, and answers on its standard output, a line for each
row as soon as it is evaluated. The clock of an evaluation counts the process's own CPU time, and its end
is the process's: the system stops it, whatever it is busy with. Who asks counts the lines and knows which
row it was.
"""

import json
import os
import resource
import signal
import sys
from collections.abc import Sequence

from optimizers.checks.language import CompiledCheck, NotEvaluated, preload
from optimizers.checks.orders import FAILED, PASSED, READY, problem
from optimizers.checks.samples import SAMPLES
from optimizers.errors import CheckRefused


def main(cpu_s: float, memory_bytes: int) -> None:
    """Answer orders until there are no more."""
    _confine(memory_bytes)
    orders, answers = sys.stdin.buffer, sys.stdout.fileno()
    os.write(answers, READY)
    for line in orders:
        order = json.loads(line)
        if "verify" in order:
            os.write(answers, _verified(order["verify"], cpu_s))
        else:
            _evaluate(order["check"], order["rows"], answers, cpu_s)


def _confine(memory_bytes: int) -> None:
    """No more memory than allowed, no files, no children, and an end when the time is over."""
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; Ctrl-C reaches both
    limits = {resource.RLIMIT_AS: memory_bytes, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
    for limit, value in limits.items():
        hard = resource.getrlimit(limit)[1]
        resource.setrlimit(limit, (value if hard == resource.RLIM_INFINITY else min(value, hard), hard))


def _verified(expression: str, cpu_s: float) -> bytes:
    """Whether the expression can be used: compiled, and tried on samples. All of it has one clock."""
    preload(expression)
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        check = CompiledCheck(expression)
        errors = [error for given, answer in SAMPLES if (error := _error(check, given, answer)) is not None]
    except CheckRefused as refusal:
        found = _refusal(refusal.line, refusal.column, refusal.reason)
    else:
        # What is read from JSON has names that no sample can know.
        always = len(errors) == len(SAMPLES) and "json" not in expression
        found = _refusal(1, 1, f"it has no value for any row: {errors[0]}") if always else {}
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return json.dumps(found).encode() + b"\n"


def _refusal(line: int, column: int, reason: str) -> dict[str, object]:
    return {"line": line, "column": column, "reason": reason}


def _error(check: CompiledCheck, given: str, answer: str) -> str | None:
    try:
        check.passes(given, answer)
    except NotEvaluated as error:
        return str(error)
    return None


def _evaluate(expression: str, rows: Sequence[Sequence[str]], answers: int, cpu_s: float) -> None:
    preload(expression)
    signal.setitimer(signal.ITIMER_PROF, cpu_s)
    try:
        check: CompiledCheck | str = CompiledCheck(expression)
    except CheckRefused as refusal:
        check = str(refusal)
    for given, answer in rows:
        signal.setitimer(signal.ITIMER_PROF, cpu_s)
        line = _cell(check, given, answer)
        signal.setitimer(signal.ITIMER_PROF, 0)
        os.write(answers, line)


def _cell(check: CompiledCheck | str, given: str, answer: str) -> bytes:
    if isinstance(check, str):
        return problem(check)
    try:
        return PASSED if check.passes(given, answer) else FAILED
    except NotEvaluated as error:
        return problem(str(error))


if __name__ == "__main__":
    main(float(sys.argv[1]), int(sys.argv[2]))
