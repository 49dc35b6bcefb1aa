"""Serves the web page from the API's own process, under headers that let it load nothing from elsewhere.

A page load asks for `index.html`, which names the files under an address that holds a digest over all
of them. So a browser keeps them for good, asks once a visit, and an upgrade is seen at once.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

FOLDER = Path(__file__).parent / "static"
INDEX = "index.html"
BUILD = b"{{build}}"
"""Stands in the index where the digest comes."""
PRELOADS = b"<!-- preloads -->"
SHARED = ("kit/", "parts/")
"""Modules that every screen needs: a browser that knows of them early fetches them side by side."""
FOR_GOOD = "public, max-age=31536000, immutable"

POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "require-trusted-types-for": "'script'",  # no text ever becomes markup
    "trusted-types": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in POLICY.items()),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",  # with `no-referrer` browsers would send `Origin: null` to our own API
    "X-Content-Type-Options": "nosniff",
}
TYPES = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html"}
"""Fixed, since a machine's own table of types may say otherwise, and browsers insist on these."""

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class Build:
    """The page's files as they were at one time, by their names, and a digest over them."""

    digest: str
    files: Mapping[str, bytes]


@router.api_route("/", methods=["GET", "HEAD"])
def index(request: Request) -> Response:
    """The page's frame, asked for at each visit."""
    build = _build()
    return _answer(request, build.files[INDEX], INDEX, "no-cache")


@router.api_route("/ui/{digest}/{name:path}", methods=["GET", "HEAD"])
def file(request: Request, digest: str, name: str) -> Response:
    """One of the page's files. One that was asked for under another build's address is not kept."""
    build = _build()
    if name not in build.files:
        raise HTTPException(404, f"the page has no file {name[:100]!r}")
    return _answer(request, build.files[name], name, FOR_GOOD if digest == build.digest else "no-cache")


def _build() -> Build:
    """The files as they are now; they are read again when one has changed on the disk."""
    return _read(tuple((path, path.stat().st_mtime_ns) for path in _paths()))


@lru_cache(maxsize=1)
def _paths() -> tuple[Path, ...]:
    """What is not listed here is not served."""
    return tuple(sorted(path for path in FOLDER.rglob("*") if path.suffix in TYPES))


@lru_cache(maxsize=1)
def _read(marks: tuple[tuple[Path, int], ...]) -> Build:
    files = {path.relative_to(FOLDER).as_posix(): path.read_bytes() for path, _ in marks}
    digest = hashlib.sha256(repr(sorted(files.items())).encode()).hexdigest()[:16]
    preloads = [
        f'<link rel="modulepreload" href="ui/{digest}/{name}">' for name in files if name.startswith(SHARED)
    ]
    frame = files[INDEX].replace(BUILD, digest.encode()).replace(PRELOADS, "\n".join(preloads).encode())
    return Build(digest=digest, files=files | {INDEX: frame})


def _answer(request: Request, content: bytes, name: str, kept: str) -> Response:
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = HEADERS | {"ETag": tag, "Cache-Control": kept}
    known = request.headers.get("if-none-match", "").split(",")
    if tag in {shown.strip().removeprefix("W/") for shown in known}:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=TYPES[Path(name).suffix], headers=headers)
