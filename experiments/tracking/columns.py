"""A record in MLflow's terms: parameters, metrics and tables as plain values.

What is undefined is left out; no metric is ever NaN.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields

from experiments.tracking.record import JudgedRow, RunRecord, TrialRecord
from optimizers.intervals import Agreement, Estimate
from optimizers.report import Report
from optimizers.types import Usage

Metrics = dict[str, float]
Point = tuple[str, float, int]
"""Name, value, step."""

PARAM_CHARS = 6_000
"""MLflow's limit on a parameter's value."""


def _defined(values: Mapping[str, float | None]) -> Metrics:
    return {name: float(value) for name, value in values.items() if value is not None}


def estimate_metrics(prefix: str, estimate: Estimate) -> Metrics:
    """An estimate and its interval."""
    return _defined({prefix: estimate.value, f"{prefix}_low": estimate.low, f"{prefix}_high": estimate.high})


def agreement_metrics(prefix: str, found: Agreement) -> Metrics:
    """Kappa with its interval, recall of each class, and the counts behind them."""
    table = found.confusion
    return estimate_metrics(f"{prefix}_kappa", found.kappa) | _defined(
        {
            f"{prefix}_precision": found.precision,
            f"{prefix}_recall_fail": found.recall,
            f"{prefix}_recall_pass": table.tn / table.good if table.good else None,
            f"{prefix}_f1": found.f1,
            f"{prefix}_accuracy": found.accuracy,
            f"{prefix}_false_failure_rate": found.false_failure_rate,
            f"{prefix}_unparseable": found.unparseable,
            f"{prefix}_n": found.n,
            f"{prefix}_tp": table.tp,
            f"{prefix}_fp": table.fp,
            f"{prefix}_fn": table.fn,
            f"{prefix}_tn": table.tn,
        }
    )


def usage_metrics(usage: Usage) -> Metrics:
    """Calls, tokens, dollars."""
    return _defined(
        {
            "calls": usage.calls,
            "cached_calls": usage.cached_calls,
            "prompt_tokens": usage.prompt_tokens,
            "completion_tokens": usage.completion_tokens,
            "cost_usd": usage.cost_usd,
        }
    )


def trial_metrics(trial: TrialRecord) -> Metrics:
    """All metrics of one trial's run. Those of a trial that a race ended early have other names: kappa
    on a few rows does not compare with kappa on all."""
    prefix = "dev" if trial.complete else "dev_partial"
    return agreement_metrics(prefix, trial.dev) | usage_metrics(trial.usage)


def trial_params(record: RunRecord, trial: TrialRecord) -> dict[str, str]:
    """The parameters of one trial's run: the configuration's that matter, and the candidate's."""
    shared = ("strategy", "model.name", "proposer_model.name", "seed")
    candidate = trial.candidate
    return _texts(
        {name: record.configuration.get(name) for name in shared}
        | {
            "trial": trial.number,
            "candidate": candidate.id,
            "parent": trial.parent_id,
            "origin": trial.origin or None,
            "complete": trial.complete,
            "demonstrations": len(candidate.demonstrations),
            "assertions": len(candidate.assertions) or None,
            "reasoning": candidate.reasoning,
            "threshold": candidate.decision.threshold,
            "instruction": candidate.instruction or None,
        }
    )


def run_params(record: RunRecord) -> dict[str, str]:
    """The parameters of a run: its configuration, and the snapshot that it is tied to."""
    counts = {f"rows.{name}": n for name, n in record.dataset.counts.items()}
    snapshot = {"dataset": record.dataset.name, "snapshot": record.dataset.digest[:16]}
    return _texts(dict(record.configuration) | snapshot | counts)


def _texts(values: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value)[:PARAM_CHARS] for name, value in values.items() if value is not None}


def curve(trials: Sequence[TrialRecord]) -> dict[int, list[Point]]:
    """The learning curve, by trial number: its kappa, and the best so far by trial and by calls.

    A trial that a race dropped, or whose kappa is undefined, adds no point. MLflow's comparison of runs
    opens with the first metric, so the best so far comes before the last trial's kappa.
    """
    points: dict[int, list[Point]] = {}
    best: float | None = None
    for trial in sorted(trials, key=lambda t: t.number):
        kappa = trial.dev.kappa.value
        if kappa is None or not trial.complete:
            continue
        best = kappa if best is None else max(best, kappa)
        points[trial.number] = [
            ("best_dev_kappa", best, trial.number),
            ("trial_dev_kappa", kappa, trial.number),
            ("best_dev_kappa_by_calls", best, trial.calls_so_far),
        ]
    return points


def report_metrics(report: Report) -> Metrics:
    """The final numbers of a run."""
    found = estimate_metrics("dev_kappa_selection_corrected", report.dev.selection_corrected)
    # The same name as on a trial's run, so that runs compare by their winners.
    found |= estimate_metrics("dev_kappa", report.dev.best.kappa)
    if report.test.baseline is not None:
        found |= agreement_metrics("test_baseline", report.test.baseline)
    if report.test.best is not None:
        found |= agreement_metrics("test", report.test.best)
    if (gain := report.test.gain) is not None:
        found |= _defined(
            {
                "test_gain": gain.value,
                "test_gain_low": gain.low,
                "test_gain_high": gain.high,
                "test_gain_p_value": gain.p_value,
            }
        )
    ceiling, supervised = report.human_agreement.ceiling, report.supervised_baseline
    found |= _defined({"human_kappa": ceiling.kappa if ceiling else None})
    if supervised is not None:
        found |= estimate_metrics("supervised_kappa", supervised.agreement.kappa)
    return found | _spend_metrics(report)


def _spend_metrics(report: Report) -> Metrics:
    return _defined({name: value for name, value in asdict(report.spend).items() if name != "paid_calls"})


def verdict_table(rows: Sequence[JudgedRow]) -> dict[str, object]:
    """Rows as the JSON of MLflow's tables; the columns are the same for every run."""
    columns = [field.name for field in fields(JudgedRow)]
    return {"columns": columns, "data": [[getattr(row, name) for name in columns] for row in rows]}
