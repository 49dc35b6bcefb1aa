"""Choosing assertions: by the labels of some rows, measured on others, never on those of test."""

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.service.criteria.conftest import Api, say

TRUTH = "fppp" * 20
PERFECT, LENIENT, STRICT, NOISE = TRUTH, "fppppppp" * 10, "ffpp" * 20, "ppfp" * 20


@pytest.fixture
def data(api: Api) -> Api:
    """80 rows, a quarter of them bad."""
    return api.filled(TRUTH)


def _said(data: Api, engine: Engine, words: str, text: str = "Short.") -> str:
    own = data.assertion(data.criterion(text)["id"])
    say(engine, own, words[: len(TRUTH)])
    return own


def _select(data: Api, *, expect: int = 200, **asked: Any) -> dict[str, Any]:
    found: dict[str, Any] = data.send("POST", f"{data.at}/selection", asked, expect=expect)
    return found


def _chosen(found: dict[str, Any]) -> list[str]:
    return [one["id"] for one in found["assertions"]]


def test_the_set_with_the_best_kappa_is_chosen_and_measured_on_other_rows(data: Api, engine: Engine) -> None:
    best = _said(data, engine, PERFECT)
    _said(data, engine, STRICT)
    _said(data, engine, NOISE)
    found = _select(data)
    assert (found["rule"], _chosen(found), found["waiting"]) == ("kappa", [best], [])
    assert found["selection"]["kappa"] == found["report"]["kappa"]["value"] == 1.0
    parts = data.get("")["parts"]
    rows = {"selection": parts["train"], "report": parts["dev"], "not_judged": 0}
    assert (found["rows"], found["report"]["n"], sum(parts.values())) == (rows, parts["dev"], 80)


def test_evalgen_takes_one_assertion_of_each_criterion(data: Api, engine: Engine) -> None:
    cid = data.criterion("Polite.")["id"]
    for words in (STRICT, LENIENT):
        say(engine, data.assertion(cid), words[: len(TRUTH)])
    best = _said(data, engine, PERFECT)
    lenient = data.get("/assertions", criterion=cid)["items"][1]["id"]
    assert set(_chosen(_select(data, rule="evalgen", tau=0.1))) == {best, lenient}


def test_spade_takes_as_few_as_meet_its_bounds(data: Api, engine: Engine) -> None:
    _said(data, engine, LENIENT)
    best = _said(data, engine, PERFECT)
    for rule in ("spade_cov", "spade_sub"):
        found = _select(data, rule=rule, alpha=0.9, tau=0.1)
        assert (best in _chosen(found), found["selection"]["coverage"]) == (True, 1.0)
    assert len(_chosen(_select(data, rule="spade_cov", alpha=0.9, tau=0.1))) == 1


def test_bounds_that_cannot_be_met_are_refused_with_what_can_be_had(data: Api, engine: Engine) -> None:
    _said(data, engine, NOISE)
    refused = _select(data, rule="spade_cov", alpha=0.9, tau=0.1, expect=422)
    assert (refused["code"], refused["bound"]) == ("selection_infeasible", "coverage")
    assert refused["reachable"] == 0.0


def test_an_assertion_that_has_hardly_begun_waits(data: Api, engine: Engine) -> None:
    best, begun = _said(data, engine, PERFECT), _said(data, engine, "f" * 40 + " " * 40)
    found = _select(data)
    assert (_chosen(found), found["waiting"]) == ([best], [begun])


def test_a_row_that_one_assertion_lacks_is_left_out(data: Api, engine: Engine) -> None:
    _said(data, engine, PERFECT)
    _said(data, engine, NOISE[:-2] + "  ")
    rows = _select(data)["rows"]
    in_use = data.get("")["parts"]["train"] + data.get("")["parts"]["dev"]
    assert rows["selection"] + rows["report"] + rows["not_judged"] == in_use


def test_only_the_named_ones_are_chosen_from(data: Api, engine: Engine) -> None:
    _said(data, engine, PERFECT)
    strict = _said(data, engine, STRICT)
    assert _chosen(_select(data, assertions=[strict])) == [strict]


def test_nothing_is_chosen_before_there_are_labels_and_verdicts(api: Api, engine: Engine) -> None:
    few = api.filled("fp" * 9)
    own = few.assertion(few.criterion()["id"])
    assert _select(few, expect=409)["missing"] == {"labels": 2}
    refused = _select(few, force=True, expect=409)
    assert "start an assertion run" in refused["detail"]
    assert few.get("")["parts"] == {"train": 0, "dev": 0, "test": 0}
    say(engine, own, "fp" * 9)
    assert _chosen(_select(few, force=True)) == [own]


def test_both_labels_are_needed(api: Api, engine: Engine) -> None:
    good = api.filled("p" * 30)
    say(engine, good.assertion(good.criterion()["id"]), "p" * 30)
    assert _select(good, expect=409)["missing"] == {"fail": 1}


@pytest.mark.parametrize("asked", [{"rule": "best"}, {"alpha": 1.1}, {"tau": -0.1}, {"assertions": []}])
def test_what_is_no_selection_is_refused(api: Api, asked: dict[str, Any]) -> None:
    _select(api, expect=422, **asked)
