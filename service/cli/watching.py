"""Watching work on the server, and what its state is in words."""

# ruff: noqa: PLC0415  # `concord --help` must be instant: commands import what they work with

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from service.cli.failures import StillRunning

if TYPE_CHECKING:
    from service.cli.show import Bars
    from service.client import ConcordClient
    from service.client_models import AssertionRun, Evaluation, Event, Job, Run

Priority = Annotated[
    int, typer.Option(min=-100, max=100, help="Higher ones are taken first; of equal ones the older.")
]

EXIT_PAUSED = 3

REASONS = {
    "provider": "the provider is failing",
    "spend_cap": "the spend cap is reached",
    "by_hand": "by hand",
    "storage": "storage is failing",
}


def state_in_words(job: "Job") -> str:
    """`queued behind run_1`, `paused: the spend cap is reached`, `running, about 4 min left`."""
    if job.status == "queued" and job.waiting_for:
        return f"queued behind {job.waiting_for}"
    if job.status == "paused" and job.pause_reason:
        return f"paused: {REASONS.get(job.pause_reason, job.pause_reason)}"
    if job.status == "running" and job.progress and job.progress.time_left_s is not None:
        return f"running, about {duration(job.progress.time_left_s)} left"
    return job.status


def duration(seconds: float) -> str:
    """`45 s`, `4 min`, `2.5 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def rounded(kappa: float | None) -> str:
    """Three places; empty where it is undefined."""
    return "" if kappa is None else f"{kappa:.3f}"


def watch(client: "ConcordClient", job: "Run | Evaluation | AssertionRun") -> None:
    """Show how far a job is until nothing more happens. Leaves with 3 if it paused, 1 if it failed."""
    from service.cli.show import bars

    try:
        with bars() as shown:
            if not job.at_rest:
                for event in client.events(job):
                    _show_event(event, shown)
        found = client.again(job)
    except KeyboardInterrupt:
        raise StillRunning(f"no longer watching; {job.id} goes on: {_ways(job)}") from None
    print(found.status)
    if (conclusion := getattr(found, "conclusion", None)) is not None:
        said = f"{conclusion}, kappa on test {rounded(getattr(found, 'test_kappa', None)) or 'undefined'}"
        print(f"{said}; more: `concord runs report {found.id}`", file=sys.stderr)
    if found.cause:
        print(found.cause, file=sys.stderr)
    if found.status != "succeeded":
        raise typer.Exit(EXIT_PAUSED if found.status == "paused" else 1)


def _ways(job: "Job") -> str:
    """How one that goes on is watched again, or ended."""
    commands = "assertions" if job.resource == "assertion-runs" else job.resource
    return f"`concord {commands} wait {job.id}` or `{commands} cancel`"


def _show_event(event: "Event", shown: "Bars") -> None:
    data: dict[str, Any] = event.data
    match event.kind:
        case "progress" if data.get("progress"):
            shown.progress(
                data["progress"]["phase"], data["progress"]["done"], data["progress"]["total"], _note(data)
            )
        case "progress" if data.get("waiting_for"):
            shown.tell(f"queued behind {data['waiting_for']}")
        case "trial":
            value = rounded(data.get("kappa")) or "undefined"
            note = "" if data.get("complete", True) else " (dropped early)"
            origin = data.get("origin", "")
            shown.tell(f"trial {data.get('number')}: kappa on dev {value}{note}  {origin}".rstrip())
        case "status":
            cause = f": {data['cause']}" if data.get("cause") else ""
            shown.tell(f"{data['status']}{cause}")


def _note(data: dict[str, Any]) -> str:
    calls, cost, left = data["spend"]["calls"], data["spend"]["cost_usd"], data["progress"].get("time_left_s")
    parts = [f"{calls} calls"]
    if cost:
        parts.append(f"${cost:.4f}")
    if left is not None:
        parts.append(f"about {duration(left)} left")
    return ", ".join(parts)
