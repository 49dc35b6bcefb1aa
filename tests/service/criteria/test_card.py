"""The report card, on small tables with the arithmetic beside them."""

import pytest
from sqlalchemy import Engine

from optimizers.types import ModelRef
from tests.service.criteria.conftest import Api, assertion_run, say

LABELS = "ffffffpppppp"
HALF = "fffpppfppppp"
"""Catches 3 of 6 bad rows and fails 1 of 6 good ones."""
OTHER = "pppfpppppppp"


def test_a_criterion_is_measured_against_people_s_labels(api: Api, engine: Engine) -> None:
    data = api.filled(LABELS)
    cid = data.criterion("Short.")["id"]
    own = data.assertion(cid)
    say(engine, own, HALF)
    card = data.get("/card", rows="all")
    found = card["criteria"][0]
    overall = found["overall"]
    assert (found["criterion_id"], found["assertion_id"], card["n_labelled"]) == (cid, own, 12)
    assert (overall["n"], overall["bad"]) == (12, 6)
    assert overall["coverage"]["value"] == 0.5
    assert overall["false_failure_rate"]["value"] == pytest.approx(1 / 6)
    # the harmonic mean of 1/2 and 5/6
    assert overall["alignment"]["value"] == pytest.approx(0.625)
    # agreed 8/12, by chance (6 * 4 + 6 * 8) / 144 = 1/2
    assert overall["kappa"]["value"] == pytest.approx(1 / 3)
    assert overall["coverage"]["low"] < 0.5 < overall["coverage"]["high"]
    assert overall["rows"]["caught"] == ["r0", "r1", "r2"]
    assert overall["rows"]["wrongly_failed"] == ["r6"]
    assert found["assertions"][0]["kappa"] == pytest.approx(1 / 3)
    assert (found["supported"], card["unsupported"]) == (False, [cid])


def test_the_set_fails_a_row_where_any_criterion_does(api: Api, engine: Engine) -> None:
    data = api.filled(LABELS)
    for text, words in (("Short.", HALF), ("Polite.", OTHER)):
        say(engine, data.assertion(data.criterion(text)["id"]), words)
    whole = data.get("/card", rows="all")["whole"]
    assert whole["rows"]["caught"] == ["r0", "r1", "r2", "r3"]


def test_what_labels_support_is_said_to_be_supported(api: Api, engine: Engine) -> None:
    data = api.filled(LABELS)
    good, bad = data.criterion("Short.")["id"], data.criterion("Polite.")["id"]
    say(engine, data.assertion(good), LABELS)
    say(engine, data.assertion(bad), "pfpfpfpfpfpf")
    card = data.get("/card", rows="all")
    assert [one["supported"] for one in card["criteria"]] == [True, False]
    assert card["unsupported"] == [bad]
    assert card["criteria"][0]["overall"]["support"] == "supported"


def test_rows_of_the_report_are_those_that_nothing_was_chosen_on(api: Api, engine: Engine) -> None:
    data = api.filled("fp" * 30)
    cid = data.criterion()["id"]
    say(engine, data.assertion(cid), "fp" * 30)
    report, every = data.get("/card"), data.get("/card", rows="all")
    assert (report["n_labelled"], every["n_labelled"]) == (18, 60)
    assert data.get("")["parts"] == {"train": 0, "dev": 0, "test": 0}
    data.send("POST", f"{data.at}/selection", {})
    assert data.get("/card", rows="all")["n_labelled"] == 42  # those in test are out of sight now
    assert data.get("/card") == report


def test_of_several_assertions_the_one_that_fits_other_rows_best_stands(api: Api, engine: Engine) -> None:
    data = api.filled("fp" * 30)
    cid = data.criterion()["id"]
    poor, rich, unasked = (data.assertion(cid) for _ in range(3))
    say(engine, poor, "fpppp" * 12)
    say(engine, rich, "fp" * 30)
    found = data.get("/card")["criteria"][0]
    assert (found["assertion_id"], found["overall"]["kappa"]["value"]) == (rich, 1.0)
    assert [one["n"] for one in found["assertions"]] == [18, 18, 0]
    assert {one["assertion_id"] for one in found["assertions"]} == {poor, rich, unasked}


def test_a_criterion_s_own_labels_are_another_card(api: Api, engine: Engine) -> None:
    data = api.filled(LABELS)
    cid = data.criterion()["id"]
    say(engine, data.assertion(cid), HALF)
    for k, word in enumerate(("fail", "fail", "fail", "pass", "pass")):
        data.send("PUT", f"{data.at}/criteria/{cid}/labels/r{k}/anna", {"label": word})
    found = data.get("/card", rows="all")["criteria"][0]
    assert (found["own"]["n"], found["own"]["coverage"]["value"]) == (5, 1.0)
    assert found["own"]["kappa"]["value"] == 1.0


def test_rows_that_have_not_been_asked_about_are_pending(api: Api, engine: Engine) -> None:
    data = api.filled("fp")
    say(engine, data.assertion(data.criterion()["id"]), "f ")
    overall = data.get("/card", rows="all")["criteria"][0]["overall"]
    assert (overall["n"], overall["rows"]["pending"]) == (1, ["r1"])


def test_before_anything_was_asked_the_card_is_empty(api: Api) -> None:
    empty = api.get("/card")
    assert (empty["whole"], empty["criteria"], empty["model"]) == (None, [], None)
    cid = api.criterion()["id"]
    found = api.get("/card")
    assert (found["criteria"][0]["overall"], found["unsupported"]) == (None, [cid])


def test_the_verdicts_are_those_of_the_model_that_was_asked_last(api: Api, engine: Engine) -> None:
    data = api.filled(LABELS)
    own = data.assertion(data.criterion()["id"], "prompt", "")
    for name, words in (("openai/a", LABELS), ("openai/b", HALF)):
        say(engine, own, words, model=ModelRef(name=name))
        assertion_run(engine, data.dataset, ModelRef(name=name))
    last, named = data.get("/card", rows="all"), data.get("/card", rows="all", model="openai/a")
    assert (last["model"], last["whole"]["n"]) == ("openai/b", 12)
    assert last["whole"]["kappa"]["value"] == pytest.approx(1 / 3)
    assert (named["model"], named["whole"]["kappa"]["value"]) == ("openai/a", 1.0)
