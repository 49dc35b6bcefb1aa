"""The figures: PNG files that do not depend on anything but what they show."""

import pytest

from experiments.figures import CurvePoint, confusion_figure, learning_figure, png
from optimizers.intervals import Estimate
from optimizers.kappa import Confusion

TABLE = Confusion(tp=12, fp=3, fn=23, tn=62)


def point(number: int, kappa: float | None) -> CurvePoint:
    low, high = (None, None) if kappa is None else (kappa - 0.1, kappa + 0.1)
    return CurvePoint(number=number, calls=60 * number, kappa=Estimate(value=kappa, low=low, high=high, n=60))


def words(figure: object) -> set[str]:
    return {text.get_text() for axes in figure.axes for text in axes.texts}  # type: ignore[attr-defined]


def test_a_figure_is_a_png_and_the_same_bytes_each_time() -> None:
    first = png(confusion_figure([("baseline", TABLE), ("best", TABLE)]))
    assert first.startswith(b"\x89PNG")
    assert png(confusion_figure([("baseline", TABLE), ("best", TABLE)])) == first


def test_every_cell_says_its_count_and_whether_it_agrees() -> None:
    # 12 of the 35 bad outputs were failed: 34 %; 62 of the 65 good ones were passed: 95 %
    assert words(confusion_figure([("best", TABLE)])) == {
        "12", "✓ 34%", "23", "✗ 66%", "3", "✗ 5%", "62", "✓ 95%",
    }  # fmt: skip


def test_rows_without_a_verdict_get_a_column_of_their_own() -> None:
    figure = confusion_figure([("best", Confusion(tp=1, tn=1, unparseable_bad=1))])
    assert "no verdict" in [tick.get_text() for tick in figure.axes[0].get_xticklabels()]


@pytest.mark.parametrize("kappas", [[], [None], [0.1, None, 0.4], [-0.2]])
def test_a_curve_can_be_drawn_from_any_trials(kappas: list[float | None]) -> None:
    figure = learning_figure([point(i, kappa) for i, kappa in enumerate(kappas)], ceiling=0.8)
    assert png(figure).startswith(b"\x89PNG")
