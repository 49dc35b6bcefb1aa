from optimizers.joint.likeness import Likeness
from tests.optimizers.joint.conftest import row

PARCELS = [row(f"p{n}", f"The parcel was sent by post and arrives {day}.") for n, day in enumerate("abc")]
LOGINS = [row(f"l{n}", f"Reset your password to log in {day}.") for n, day in enumerate("abc")]
ROWS = [*PARCELS, *LOGINS]


def test_clusters_hold_every_row_once_and_alike_rows_together() -> None:
    clusters = Likeness(ROWS).clusters(ROWS, 2, seed=0)
    assert sorted(clusters, key=lambda rows: rows[0].id) == [LOGINS, PARCELS]


def test_as_many_clusters_as_rows_are_the_rows_and_one_cluster_is_all() -> None:
    likeness = Likeness(ROWS)
    assert likeness.clusters(ROWS, 9, seed=0) == [[each] for each in ROWS]
    assert likeness.clusters(ROWS, 1, seed=0) == [ROWS]


def test_the_same_seed_gives_the_same_clusters() -> None:
    likeness = Likeness(ROWS)
    assert likeness.clusters(ROWS, 3, seed=4) == likeness.clusters(ROWS, 3, seed=4)


def test_the_nearest_are_alike_and_never_the_row_itself() -> None:
    found = Likeness(ROWS).nearest(PARCELS[0], ROWS, 2)
    assert {each.id for each in found} == {"p1", "p2"}


def test_rows_of_one_group_are_nearest_whatever_they_say() -> None:
    one, other = row("a", "The parcel was sent.", group="g"), row("b", "Reset your password.", group="g")
    rows = [one, row("c", "The parcel was sent."), other]
    assert Likeness(rows).nearest(one, rows, 1) == [other]


def test_what_people_said_counts_for_more_than_the_output() -> None:
    first = row("a", "The parcel was sent.", critique="Rude tone towards a customer.")
    same_words = row("b", "The parcel was sent.", critique="Wrong date of delivery.")
    same_critique = row("c", "Reset your password.", critique="Rude tone towards a customer.")
    assert Likeness([first, same_words, same_critique]).nearest(first, [same_words, same_critique], 1) == [
        same_critique
    ]


def test_rows_without_a_word_are_like_nothing() -> None:
    silent = [row(str(n), "?!") for n in range(4)]
    likeness = Likeness(silent)
    assert sorted(each.id for bunch in likeness.clusters(silent, 2, seed=0) for each in bunch) == list("0123")
