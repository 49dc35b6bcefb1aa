"""The work behind `concord judge`."""

from collections.abc import Sequence
from pathlib import Path

from optimizers.artifact import Artifact
from optimizers.artifact_judge import judge_with
from optimizers.lm.control import RunControl
from optimizers.types import Budget, Evaluation, Example, ModelRef, Usage
from service.cli.interrupts import interrupts
from service.cli.show import bars
from service.composition import open_gateway


def judge_file(
    artifact: Artifact,
    examples: Sequence[Example],
    model: ModelRef,
    *,
    ledger: Path | None,
    max_in_flight: int,
) -> Evaluation:
    """Judge rows; `ledger` keeps what was answered, so that a second try pays only for the rest.

    Raises: as `judge_with` does; Ctrl-C is a `RunCancelled`.
    """
    control = RunControl()
    with open_gateway(ledger) as (gateway, loop), bars() as shown, interrupts(control):
        session = gateway.session("judge", Budget(), control=control, max_in_flight=max_in_flight)

        def progress(done: int, total: int, usage: Usage) -> None:
            shown.progress("judging", done, total, f"{usage.calls} calls")

        return loop.run(
            judge_with(
                artifact,
                examples,
                session,
                model=model,
                abreast=session.abreast,
                on_progress=progress,
            )
        )
