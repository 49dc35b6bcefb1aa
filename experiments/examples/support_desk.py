"""Where the example dataset lies, what *pass* means in it, and the prompt that a run starts from."""

from pathlib import Path

_FOLDER = Path(__file__).parent

SUPPORT_DESK_CRITERION = (_FOLDER / "criterion.md").read_text(encoding="utf-8").strip()
"""When a reply passes, in bullet points."""

SUPPORT_DESK_BASELINE = (_FOLDER / "baseline.md").read_text(encoding="utf-8").strip()
"""A plausible first instruction for a judge, too lenient: it asks for tone where facts decide."""


def support_desk_path() -> Path:
    """The CSV file (UTF-8, RFC 4180): `id, input, output, label, critique`, a column
    `annotator_<name>` for each annotator, and `group`."""
    return _FOLDER / "support_desk.csv"


def support_desk_defects_path() -> Path:
    """A CSV file `id, defect`: the kind of defect of every reply that fails, for analyses.

    It stands apart from the dataset, since no judge and no proposer may see it.
    """
    return _FOLDER / "support_desk_defects.csv"
