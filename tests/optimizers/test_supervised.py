from optimizers.supervised import supervised_verdicts
from optimizers.types import Example, Label, LabelledExample


def row(number: int, output: str, label: Label) -> LabelledExample:
    return LabelledExample(
        example=Example(id=f"r{number}", input=f"Question {number}?", output=output), label=label
    )


def test_it_learns_words_that_give_a_defect_away() -> None:
    labelled = [
        row(i, f"We promise refund number {i} today", Label.FAIL)
        if i % 2
        else row(i, f"Please see chapter number {i} first", Label.PASS)
        for i in range(40)
    ]
    unseen = [
        Example(id="a", input="Question 77?", output="We promise refund number 77 soon"),
        Example(id="b", input="Question 78?", output="Please read chapter number 78 first"),
    ]
    assert supervised_verdicts(labelled, unseen, seed=0) == (Label.FAIL, Label.PASS)


def test_it_learns_that_good_answers_repeat_the_reference() -> None:
    words = ["amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "heath", "inlet", "jetty"]
    labelled = [
        LabelledExample(
            example=Example(id=f"{a}-{b}", input=f"Reference answer: {words[a]}", output=words[b]),
            label=Label.PASS if a == b else Label.FAIL,
        )
        for a in range(10)
        for b in (a, (a + 3) % 10)
    ]
    unseen = [
        Example(id="a", input="Reference answer: willow", output="willow"),
        Example(id="b", input="Reference answer: willow", output="poplar"),
    ]
    assert supervised_verdicts(labelled, unseen, seed=0) == (Label.PASS, Label.FAIL)


def test_one_class_teaches_nothing() -> None:
    assert (
        supervised_verdicts([row(1, "fine", Label.PASS)], [Example(id="a", input="q", output="o")], seed=0)
        is None
    )


def test_a_field_without_a_word_is_left_out_rather_than_fatal() -> None:
    labelled = [
        LabelledExample(example=Example(id=str(i), input="", output=f"word {i}"), label=list(Label)[i % 2])
        for i in range(10)
    ]
    assert supervised_verdicts(labelled, [labelled[0].example], seed=0) == (labelled[0].label,)
