"""Who looks at which rows: the query parameters of the list of examples."""

from typing import Annotated, Literal

from fastapi import Depends, Query

from service.datasets.examples import Filters, Viewer
from service.datasets.labelling_schemas import MarkKind
from service.datasets.tables import ID_MAX_CHARS

MAX_IDS = 50
"""Rows that can be asked for by their ids at once."""


def _filters(
    labelled: Annotated[bool | None, Query(description="Whether a label counts on the row.")] = None,
    label: Annotated[Literal["pass", "fail", "tie"] | None, Query()] = None,
    disagrees_with: Annotated[str | None, Query(description="An evaluation's id.")] = None,
    marked: Annotated[MarkKind | None, Query(description="By anybody, or by `annotator`.")] = None,
) -> Filters:
    return Filters(labelled=labelled, label=label, disagrees_with=disagrees_with, marked=marked)


def _viewer(
    annotator: Annotated[
        str | None,
        Query(min_length=1, max_length=ID_MAX_CHARS, description="Whose `own` and `mark` to show."),
    ] = None,
    blind: Annotated[
        bool, Query(description="Hide what others and judges say until `annotator` has labelled the row.")
    ] = False,
) -> Viewer:
    return Viewer(annotator=annotator, blind=blind)


FiltersDep = Annotated[Filters, Depends(_filters)]
ViewerDep = Annotated[Viewer, Depends(_viewer)]
IdsQuery = Annotated[
    list[str] | None,
    Query(alias="id", max_length=MAX_IDS, description="These rows, in this order; without a filter."),
]
