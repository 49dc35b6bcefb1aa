"""The report as a person reads it: the plain conclusion first, then what it rests on."""

from collections.abc import Iterable

from experiments.readable import amount, dollars, estimate, interval, number, p_value, share, table
from optimizers.intervals import Agreement, Gain
from optimizers.kappa import Confusion
from optimizers.report import Conclusion, PerJudgement, Provenance, Recommended, Report, TestReading, conclude


def headline(report: Report) -> str:
    """The conclusion in one or two sentences, with numbers and intervals."""
    return f"{_provenance(report)}{_conclusion(report)}"


def report_markdown(report: Report, *, prompt: str | None = None) -> str:
    """The whole report as Markdown; `prompt` is the winner's text."""
    sections = [
        f"# {_title(report)}",
        _conclusion(report),
        *_warnings(report),
        _comparison(report),
        _confusions(report),
        _ceiling(report),
        _supervised(report),
        _dev(report),
        *_repeatability(report),
        _cost(report),
        *_prompt(prompt),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


# --- the conclusion ---------------------------------------------------------------------------------


def _title(report: Report) -> str:
    return {
        Conclusion.IMPROVED: "Improved",
        Conclusion.NOT_SHOWN: "No improvement shown",
        Conclusion.WORSE: "Worse than the baseline",
        Conclusion.NOT_MEASURED: "Not measured",
    }[report.conclusion]


def _provenance(report: Report) -> str:
    if report.provenance is Provenance.DEMONSTRATION:
        return "Demonstration with the offline model, which is not a language model. "
    if report.provenance is Provenance.SIMULATED:
        return "Simulated: the verdicts come from a stand-in, not from a language model. "
    return ""


def _conclusion(report: Report) -> str:
    test = report.test
    if test.baseline is None or test.best is None or test.gain is None:
        return (
            "No test rows were set aside, so nothing says how the best prompt does on rows that it was "
            f"not chosen on. On dev its kappa is {estimate(report.dev.best.kappa)}, "
            f"{estimate(report.dev.selection_corrected)} once the choice among "
            f"{report.dev.candidates} candidates is accounted for."
        )
    if report.conclusion is Conclusion.NOT_MEASURED:
        why = test.gain.undefined or test.best.kappa.undefined or "kappa is undefined"
        return f"The gain could not be measured on {test.best.n} test rows: {why}."
    if test.baseline == test.best:
        return (
            f"No prompt did better than the baseline on dev. On {test.best.n} test rows the baseline's "
            f"kappa is {estimate(test.best.kappa)}."
        )
    return f"{_change(report.conclusion, test.baseline, test.best, test.gain)} {_advice(report)}"


def _change(conclusion: Conclusion, baseline: Agreement, best: Agreement, gain: Gain) -> str:
    moved = (
        f"On {best.n} test rows that nothing was tuned on, agreement with people went from kappa "
        f"{estimate(baseline.kappa)} to {estimate(best.kappa)}"
    )
    size = f"{interval(gain.value, gain.low, gain.high, signed=True)}, p = {p_value(gain.p_value)}"
    if conclusion is Conclusion.NOT_SHOWN:
        return f"{moved}; the difference of {size}, may be chance."
    return f"{moved}: a {'gain' if conclusion is Conclusion.IMPROVED else 'change'} of {size}."


def _advice(report: Report) -> str:
    if report.recommended is Recommended.BEST:
        return "The best prompt is recommended."
    if report.conclusion is Conclusion.NOT_SHOWN:
        return "The baseline is recommended until more test rows show a gain."
    return "The baseline is recommended."


# --- the evidence -----------------------------------------------------------------------------------


def _warnings(report: Report) -> Iterable[str]:
    if report.warnings:
        yield "\n".join(f"- **Note:** {warning}" for warning in report.warnings)


def _comparison(report: Report) -> str:
    test = report.test
    if test.baseline is None or test.best is None:
        return ""
    baseline, best = test.baseline, test.best
    rows = [
        ("Cohen's kappa (95% interval)", estimate(baseline.kappa), estimate(best.kappa)),
        (
            "coverage: bad outputs that it fails",
            share(baseline.coverage),
            share(best.coverage),
        ),
        (
            "false failure rate: good outputs that it fails",
            share(baseline.false_failure_rate),
            share(best.false_failure_rate),
        ),
        ("precision of its fails", share(baseline.precision), share(best.precision)),
        ("F1 on fails", number(baseline.f1), number(best.f1)),
        ("accuracy", share(baseline.accuracy), share(best.accuracy)),
        ("rows without a verdict", str(baseline.unparseable), str(best.unparseable)),
        (
            "kappa on answered rows",
            number(baseline.answered_kappa),
            number(best.answered_kappa),
        ),
        *_price_rows(test.per_judgement.baseline, test.per_judgement.best),
    ]
    return f"## On {best.n} test rows\n\n{table(('', 'baseline', 'best'), rows)}\n\n{_readings(test)}"


def _readings(test: TestReading) -> str:
    if test.readings == 0:
        return (
            "Nobody counts how often these test rows are read: the more often, the less surprising a lucky "
            "winner is."
        )
    if test.readings == 1:
        return "No earlier run has read these test rows."
    return (
        f"These test rows have been read by {test.readings} runs, this one included: the more often they "
        "are read, the less surprising a lucky winner is."
    )


def _price_rows(baseline: PerJudgement | None, best: PerJudgement | None) -> Iterable[tuple[str, str, str]]:
    if baseline is None or best is None:
        return
    pair = (baseline, best)
    yield ("prompt tokens per judgement", *_each(amount(p.prompt_tokens) for p in pair))
    yield ("cost per 1,000 judgements", *_each(dollars(p.cost_usd, times=1_000) for p in pair))
    yield ("latency per judgement", *_each(amount(p.latency_ms, " ms") for p in pair))


def _each(texts: Iterable[str]) -> tuple[str, str]:
    first, second = texts
    return first, second


def _confusions(report: Report) -> str:
    named = [("baseline", report.test.baseline), ("best", report.test.best)]
    tables = [f"**{name}**\n\n{_confusion(found.confusion)}" for name, found in named if found is not None]
    return "## Where they agree with people\n\n" + "\n\n".join(tables) if tables else ""


def _confusion(counts: Confusion) -> str:
    rows = [
        ("labelled fail", str(counts.tp), str(counts.fn), str(counts.unparseable_bad)),
        ("labelled pass", str(counts.fp), str(counts.tn), str(counts.unparseable_good)),
    ]
    return table(("", "judged fail", "judged pass", "no verdict"), rows)


def _ceiling(report: Report) -> str:
    found = report.human_agreement
    if not found.pairs:
        return ""
    lines = [
        f"- {pair.annotators[0]} and {pair.annotators[1]}: kappa {number(pair.kappa)} on {pair.n} rows"
        for pair in found.pairs
    ]
    intro = (
        f"The ceiling is kappa {number(found.ceiling.kappa)}: no judge can be expected to agree with people "
        "more than they agree with each other."
        if found.ceiling is not None
        else "No two people share enough labelled rows (20) for a ceiling."
    )
    if found.ceiling is not None and any(pair.n < found.ceiling.n / 2 for pair in found.pairs):
        lines.append(
            "\nA pair that shares far fewer rows may have labelled only the disputed ones: its kappa is no "
            "ceiling."
        )
    return f"## How people agree with each other\n\n{intro}\n\n" + "\n".join(lines)


def _supervised(report: Report) -> str:
    found = report.supervised_baseline
    if found is None:
        return ""
    return (
        "## Against a cheap classifier\n\n"
        "TF-IDF with logistic regression, fitted on the train rows, reaches kappa "
        f"{estimate(found.agreement.kappa)} on the same test rows, for nothing. {_against(found.best_gain)}"
    )


def _against(gain: Gain) -> str:
    words = {
        Conclusion.IMPROVED: "The best judge is better",
        Conclusion.WORSE: "The best judge is worse",
        Conclusion.NOT_SHOWN: "The best judge is not shown to be better",
        Conclusion.NOT_MEASURED: "The difference to the best judge cannot be measured",
    }[conclude(gain)]
    if gain.value is None:
        return f"{words}."
    return f"{words}: its kappa minus that one is {interval(gain.value, gain.low, gain.high, signed=True)}."


def _dev(report: Report) -> str:
    dev = report.dev
    rows = [
        ("baseline", estimate(dev.baseline.kappa)),
        ("best", estimate(dev.best.kappa)),
        (f"best, corrected for choosing among {dev.candidates}", estimate(dev.selection_corrected)),
    ]
    return f"## On {dev.best.n} dev rows, where the best was chosen\n\n" + table(
        ("", "Cohen's kappa (95% interval)"), rows
    )


def _repeatability(report: Report) -> Iterable[str]:
    if (found := report.repeatability) is not None:
        yield (
            f"## Repeatability\n\nAsked again, the best judge gave the same verdict on {found.same} of "
            f"{found.n} rows ({found.share:.0%})."
        )


def _cost(report: Report) -> str:
    spend = report.spend
    rows = [
        ("model calls", f"{spend.calls:,} ({spend.cached_calls:,} of them already in the ledger)"),
        ("tokens", f"{spend.prompt_tokens:,} in, {spend.completion_tokens:,} out"),
        ("cost at recorded prices", dollars(spend.cost_usd)),
        (
            "really paid, in all attempts at this run",
            f"{dollars(spend.paid_cost_usd)} for {spend.paid_calls:,} calls",
        ),
        ("wall clock", f"{spend.wall_s:,.0f} s"),
    ]
    return "## What it took\n\n" + table(("", ""), rows)


def _prompt(prompt: str | None) -> Iterable[str]:
    if prompt:
        fence = "`" * max(3, _longest_run(prompt, "`") + 1)
        yield f"## The best prompt\n\n{fence}text\n{prompt.rstrip()}\n{fence}"


def _longest_run(text: str, char: str) -> int:
    longest = current = 0
    for c in text:
        current = current + 1 if c == char else 0
        longest = max(longest, current)
    return longest
