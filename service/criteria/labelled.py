"""The labelled rows of a dataset without their texts: labels, groups and parts."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlmodel import Session, col, select

from optimizers.splits import Fractions, RowKey, assign_parts
from optimizers.types import Label, Part
from service.datasets.store import get_dataset
from service.datasets.tables import ExampleRow


@dataclass(frozen=True, kw_only=True)
class LabelledRows:
    """By example id. `parts` are those that the rows have, or would get if they were settled now; a row that
    may be in none has none. `tested` are the rows whose part is test for good."""

    labels: Mapping[str, Label]
    groups: Mapping[str, str]
    parts: Mapping[str, Part]
    tested: frozenset[str]

    def of(self, *parts: Part) -> dict[str, Label]:
        """The labels of the rows in these parts."""
        return {i: label for i, label in self.labels.items() if self.parts.get(i) in parts}


def labelled_rows(session: Session, dataset_id: str) -> LabelledRows:
    """All rows with a label that counts, as they are now. Nothing is settled by looking.

    Raises:
        NotFound: there is no such dataset.
    """
    dataset = get_dataset(session, dataset_id)
    query = select(
        ExampleRow.example_id, ExampleRow.group_key, ExampleRow.label, ExampleRow.picked_by, ExampleRow.part
    ).where(ExampleRow.dataset_id == dataset_id, col(ExampleRow.label).is_not(None))  # type: ignore[call-overload]  # SQLModel has no overload for five columns
    keys, settled = [], {}
    for example_id, group, label, picked_by, part in session.exec(query):
        keys.append(RowKey(id=example_id, group_key=group, label=Label(label), picked_by=picked_by))
        if part is not None:
            settled[example_id] = Part(part)
    fractions = Fractions(train=dataset.split_train, dev=dataset.split_dev, test=dataset.split_test)
    return LabelledRows(
        labels={key.id: key.label for key in keys},
        groups={key.id: key.group_key for key in keys},
        parts=assign_parts(keys, fractions, existing=settled),
        tested=frozenset(example_id for example_id, part in settled.items() if part is Part.TEST),
    )


def groups_and_parts(
    session: Session, dataset_id: str, example_ids: Iterable[str]
) -> dict[str, tuple[str, Part | None]]:
    """The group of each row, labelled or not, and its part where that is settled."""
    query = select(ExampleRow.example_id, ExampleRow.group_key, ExampleRow.part).where(
        ExampleRow.dataset_id == dataset_id, col(ExampleRow.example_id).in_(list(example_ids))
    )
    return {i: (group, Part(part) if part else None) for i, group, part in session.exec(query)}
