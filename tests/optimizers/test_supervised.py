from optimizers.supervised import cross_validated_verdicts, supervised_verdicts
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


def _telling(n: int) -> list[LabelledExample]:
    return [
        row(i, f"We promise refund number {i}", Label.FAIL)
        if i % 2
        else row(i, f"Please see chapter {i}", Label.PASS)
        for i in range(n)
    ]


def test_every_row_is_judged_by_what_was_learned_from_the_others() -> None:
    rows = _telling(60)
    found = cross_validated_verdicts(rows, seed=0)
    assert found == {r.id: r.label for r in rows}
    assert cross_validated_verdicts(rows[::-1], seed=0) == found


def test_rows_of_one_group_never_teach_each_other() -> None:
    # Ten twins by input and word: whoever saw one would know the other; the words of other pairs say nothing.
    words = [f"word{chr(97 + i)}{chr(97 + j)}" for i in range(6) for j in range(10)]
    twins = [
        LabelledExample(
            example=Example(id=f"{word}{copy}", input="same", output=word, group=word),
            label=Label.FAIL if i % 2 else Label.PASS,
        )
        for i, word in enumerate(words)
        for copy in "ab"
    ]
    found = cross_validated_verdicts(twins, seed=0)
    assert found is not None
    assert sum(found[r.id] is r.label for r in twins) < 0.7 * len(twins)


def test_too_few_rows_of_a_class_teach_nothing() -> None:
    rows = _telling(60)
    few = [r for r in rows if r.label is Label.PASS] + [r for r in rows if r.label is Label.FAIL][:9]
    assert cross_validated_verdicts(few, seed=0) is None
