"""A request's body, multipart or JSON, into an upload and the fields that say how to read it."""

import hashlib
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, BinaryIO, Generic, TypeVar

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile

from service.datasets.ingest import BodyUpload, FileUpload, Upload
from service.datasets.schemas import WithExamples
from service.errors import MediaUnsupported, TooLarge

HASH_CHUNK_BYTES = 1024 * 1024
FIELD_MAX_BYTES = 1024 * 1024
MAX_FIELDS = 20

Fields_co = TypeVar("Fields_co", bound=BaseModel, covariant=True)
Body = TypeVar("Body", bound=WithExamples)
Form = TypeVar("Form", bound=BaseModel)


@dataclass(frozen=True, kw_only=True)
class Received(Generic[Fields_co]):
    """What was sent: the rows, the fields beside them, and a digest of both."""

    upload: Upload
    fields: Fields_co
    digest: dict[str, Any]
    """Any JSON; the same for the same request, whatever its multipart boundary."""
    stem: str | None = None
    """The file's name without its ending."""


@asynccontextmanager
async def receive(
    request: Request, body: type[Body], form: type[Form], *, upload_max_bytes: int
) -> AsyncIterator[Received[Body | Form]]:
    """Read the request as JSON into `body`, or as multipart into `form` and a file.

    A file is spooled to disk while it arrives, and removed in the end.

    Raises:
        MediaUnsupported: the body is neither, or the file is of a kind that is not read.
        RequestValidationError: a field is missing or wrong.
        TooLarge: the file is larger than `upload_max_bytes`.
    """
    media = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media == "application/json":
        yield await run_in_threadpool(_from_json, await request.body(), body)
    elif media == "multipart/form-data":
        async with request.form(max_files=1, max_fields=MAX_FIELDS, max_part_size=FIELD_MAX_BYTES) as sent:
            yield await run_in_threadpool(_from_form, dict(sent), form, upload_max_bytes)
    else:
        raise MediaUnsupported(
            f"Content-Type {media[:100]!r} is not read here; send multipart/form-data with a file, "
            "or application/json"
        )


def _from_json(raw: bytes, model: type[Body]) -> Received[Body]:
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError) as error:  # not UTF-8 or not JSON; or nested too deep
        raise _invalid("json_invalid", f"the body is not JSON: {error}") from error
    fields = _validate(model, value)
    return Received(upload=BodyUpload(fields.examples), fields=fields, digest={"json": _sha256_text(value)})


def _from_form(sent: dict[str, Any], model: type[Form], upload_max_bytes: int) -> Received[Form]:
    file = sent.pop("file", None)
    if not isinstance(file, UploadFile):
        raise _invalid("missing", "a multipart body needs a part 'file' with a file name", "file")
    if file.size is not None and file.size > upload_max_bytes:
        raise TooLarge(f"the file has {file.size:,} bytes; the limit is {upload_max_bytes:,}")
    filename = PurePath(file.filename or "")
    return Received(
        upload=FileUpload(file.file, filename.name),
        fields=_validate(model, sent),
        digest={"fields": sent, "file": _sha256(file.file), "filename": filename.name},
        stem=filename.stem or None,
    )


def _validate(model: type[Form], value: object) -> Form:
    try:
        return model.model_validate(value)
    except ValidationError as error:
        found = [{**e, "loc": ("body", *e["loc"])} for e in error.errors()]
        raise RequestValidationError(found) from error


def _invalid(kind: str, message: str, *place: str) -> RequestValidationError:
    return RequestValidationError([{"type": kind, "loc": ("body", *place), "msg": message, "input": None}])


def _sha256(file: BinaryIO) -> str:
    file.seek(0)
    hashed = hashlib.sha256()
    while chunk := file.read(HASH_CHUNK_BYTES):
        hashed.update(chunk)
    return hashed.hexdigest()


def _sha256_text(value: object) -> str:
    """Over ASCII JSON: a body may hold halves of surrogate pairs, which its rows will be refused for."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
