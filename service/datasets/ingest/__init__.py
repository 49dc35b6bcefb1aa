"""Files into rows: CSV, JSONL and Parquet, checked line by line, with or without a server."""

from service.datasets.ingest.columns import ColumnRequest
from service.datasets.ingest.inspection import Inspection, OnError, Refused, Understood, inspect, usable_rows
from service.datasets.ingest.labels import LabelWords
from service.datasets.ingest.local import LoadedFile, LoadOptions, labelled, load_file
from service.datasets.ingest.preview import Preview, preview
from service.datasets.ingest.reader import BodyUpload, FileUpload, Reading, Upload, read_rows
from service.datasets.ingest.rows import Limits, Row

__all__ = [
    "BodyUpload",
    "ColumnRequest",
    "FileUpload",
    "Inspection",
    "LabelWords",
    "Limits",
    "LoadOptions",
    "LoadedFile",
    "OnError",
    "Preview",
    "Reading",
    "Refused",
    "Row",
    "Understood",
    "Upload",
    "inspect",
    "labelled",
    "load_file",
    "preview",
    "read_rows",
    "usable_rows",
]
