"""The report's values: their JSON form, what is hashed of them, and how they conclude."""

import json
from dataclasses import replace

import pytest

from experiments.report_markdown import headline, report_markdown
from optimizers.intervals import Agreement, Estimate, Gain
from optimizers.kappa import Confusion, HumanAgreement, PairAgreement
from optimizers.report import (
    Conclusion,
    DevReading,
    JudgePrices,
    PerJudgement,
    Provenance,
    Recommended,
    Repeatability,
    Report,
    Spend,
    SupervisedBaseline,
    TestReading,
    conclude,
    per_judgement,
    recommend,
)
from optimizers.types import Usage


def estimate(value: float | None, undefined: str | None = None) -> Estimate:
    low, high = (None, None) if value is None else (value - 0.1, value + 0.1)
    return Estimate(value=value, low=low, high=high, n=90, undefined=undefined)


def found(kappa: float | None, *, undefined: str | None = None) -> Agreement:
    return Agreement(
        kappa=estimate(kappa, undefined), answered_kappa=kappa, matthews=kappa, accuracy=0.8, precision=0.7,
        recall=0.6, f1=0.65, coverage=0.6, false_failure_rate=0.1,
        confusion=Confusion(tp=18, fp=6, fn=12, tn=54), unparseable=0, n=90,
    )  # fmt: skip


def gain(value: float | None, low: float | None, high: float | None) -> Gain:
    return Gain(value=value, low=low, high=high, p_value=None if value is None else 0.01)


def report() -> Report:
    price = PerJudgement(prompt_tokens=400.0, completion_tokens=20.0, cost_usd=0.0001, latency_ms=700.0)
    return Report(
        conclusion=Conclusion.IMPROVED,
        recommended=Recommended.BEST,
        provenance=Provenance.MODEL,
        test=TestReading(
            baseline=found(0.21), best=found(0.66), gain=gain(0.45, 0.24, 0.64), readings=1,
            per_judgement=JudgePrices(baseline=price, best=price),
        ),
        dev=DevReading(
            baseline=found(0.2), best=found(0.7), selection_corrected=estimate(0.6), candidates=12
        ),
        human_agreement=HumanAgreement(
            pairs=(pair := PairAgreement(annotators=("ann", "bob"), n=60, kappa=0.78),), ceiling=pair
        ),
        supervised_baseline=SupervisedBaseline(agreement=found(0.3), best_gain=gain(0.36, 0.1, 0.6)),
        repeatability=Repeatability(n=20, same=19, share=0.95),
        spend=Spend(
            calls=1234, cached_calls=34, prompt_tokens=10, completion_tokens=5, cost_usd=None, wall_s=61.5
        ),
        warnings=("one group holds half the data",),
    )  # fmt: skip


def test_the_json_form_reads_back_as_the_same_report() -> None:
    assert Report.from_dict(json.loads(json.dumps(report().to_dict()))) == report()


def test_the_json_form_has_the_promised_keys() -> None:
    plain = json.loads(json.dumps(report().to_dict()))
    for judge in ("baseline", "best"):
        keys = {"kappa", "precision", "recall", "f1", "coverage", "false_failure_rate", "accuracy"}
        assert keys | {"confusion", "unparseable", "n"} <= plain["test"][judge].keys()
        assert {"value", "low", "high"} <= plain["test"][judge]["kappa"].keys()
        assert {"tp", "fp", "fn", "tn"} <= plain["test"][judge]["confusion"].keys()
    assert {"value", "low", "high", "p_value"} <= plain["test"]["gain"].keys()
    spend = {"calls", "cached_calls", "prompt_tokens", "completion_tokens", "cost_usd", "wall_s"}
    assert spend <= plain["spend"].keys()
    assert {"conclusion", "recommended", "dev", "human_agreement", "supervised_baseline"} <= plain.keys()
    assert plain["conclusion"] == "improved"


def test_keys_of_a_later_version_are_ignored() -> None:
    assert Report.from_dict(report().to_dict() | {"later": 1}) == report()


@pytest.mark.parametrize("broken", [{"conclusion": "splendid"}, {"dev": None}, {"warnings": "none"}])
def test_a_broken_report_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        Report.from_dict(report().to_dict() | broken)


@pytest.mark.parametrize(
    ("measured", "conclusion"),
    [
        (gain(0.3, 0.01, 0.5), Conclusion.IMPROVED),
        (gain(0.3, 0.0, 0.5), Conclusion.NOT_SHOWN),
        (gain(-0.3, -0.5, -0.01), Conclusion.WORSE),
        (gain(0.0, 0.0, 0.0), Conclusion.NOT_SHOWN),
        (gain(None, None, None), Conclusion.NOT_MEASURED),
        (None, Conclusion.NOT_MEASURED),
    ],
)
def test_the_conclusion_follows_from_the_interval(measured: Gain | None, conclusion: Conclusion) -> None:
    assert conclude(measured) is conclusion


@pytest.mark.parametrize(("low", "high"), [(0.03, 0.27), (-0.27, -0.03)])
def test_an_interval_that_the_permutation_contradicts_shows_nothing(low: float, high: float) -> None:
    few_groups = replace(gain((low + high) / 2, low, high), p_value=0.063)
    assert conclude(few_groups) is Conclusion.NOT_SHOWN


def test_only_a_shown_gain_is_recommended() -> None:
    wanted = [Recommended.BEST, Recommended.BASELINE, Recommended.BASELINE, Recommended.BASELINE]
    assert [recommend(c) for c in Conclusion] == wanted


def test_prices_per_judgement_are_averages_and_unknown_without_calls() -> None:
    usage = Usage(calls=4, prompt_tokens=400, completion_tokens=40, cost_usd=None, latency_ms=100.0)
    assert per_judgement(usage) == PerJudgement(
        prompt_tokens=100.0, completion_tokens=10.0, cost_usd=None, latency_ms=25.0
    )
    assert per_judgement(Usage()) is None


# --- as a person reads it ---------------------------------------------------------------------------


def test_the_page_starts_with_the_conclusion_its_numbers_and_their_intervals() -> None:
    title, _, sentence, *_ = report_markdown(report()).splitlines()
    assert title == "# Improved"
    assert "from kappa 0.21 (0.11 to 0.31) to 0.66 (0.56 to 0.76)" in sentence
    assert "a gain of +0.45 (+0.24 to +0.64), p = 0.01." in sentence


def test_a_gain_that_may_be_chance_is_called_so_and_the_baseline_recommended() -> None:
    shy = replace(
        report(),
        conclusion=Conclusion.NOT_SHOWN,
        recommended=Recommended.BASELINE,
        test=replace(report().test, gain=gain(0.05, -0.1, 0.2)),
    )
    assert "may be chance. The baseline is recommended until more test rows show a gain." in headline(shy)


def test_without_test_rows_the_page_says_that_nothing_was_measured() -> None:
    unmeasured = replace(report(), conclusion=Conclusion.NOT_MEASURED, test=TestReading())
    assert headline(unmeasured).startswith("No test rows were set aside")
    assert "## On 90 test rows" not in report_markdown(unmeasured)


def test_an_undefined_kappa_says_why() -> None:
    why = "all rows are labelled pass and judged the same"
    one_class = found(None, undefined=why)
    test = TestReading(
        baseline=one_class, best=one_class, gain=replace(gain(None, None, None), undefined=why)
    )
    degenerate = replace(report(), conclusion=Conclusion.NOT_MEASURED, test=test)
    assert f"could not be measured on 90 test rows: {why}." in headline(degenerate)
    assert f"undefined ({why})" in report_markdown(degenerate)


def test_the_offline_model_is_named_wherever_its_result_appears() -> None:
    offline = replace(report(), provenance=Provenance.DEMONSTRATION)
    assert "not a language model" in headline(offline)
    assert json.loads(json.dumps(offline.to_dict()))["provenance"] == "demonstration, not a language model"


def test_the_page_shows_the_tables_the_ceiling_the_rival_and_the_cost() -> None:
    page = report_markdown(report(), prompt="say ```no```")
    for text in (
        "| labelled fail | 18 | 12 | 0 |",
        "The ceiling is kappa 0.78",
        "ann and bob: kappa 0.78 on 60 rows",
        "TF-IDF with logistic regression",
        "same verdict on 19 of 20 rows (95%)",
        "| model calls | 1,234 (34 of them already in the ledger) |",
        "| cost at recorded prices | unknown |",
        "**Note:** one group holds half the data",
        "````text\nsay ```no```\n````",
    ):
        assert text in page


@pytest.mark.parametrize(
    ("readings", "said"),
    [(0, "Nobody counts how often"), (1, "No earlier run has read"), (3, "have been read by 3 runs")],
)
def test_the_page_claims_unread_test_rows_only_where_readings_are_counted(readings: int, said: str) -> None:
    counted = replace(report(), test=replace(report().test, readings=readings))
    assert said in report_markdown(counted)


def test_the_page_warns_of_pairs_that_may_have_seen_only_disputed_rows() -> None:
    most = PairAgreement(annotators=("ann", "bob"), n=900, kappa=0.73)
    few = PairAgreement(annotators=("ann", "judge"), n=150, kappa=-0.36)
    page = report_markdown(replace(report(), human_agreement=HumanAgreement(pairs=(most, few), ceiling=most)))
    assert "its kappa is no ceiling" in page
    assert "its kappa is no ceiling" not in report_markdown(report())
