"""Serves the web page from the API's own process, under headers that let it load nothing from elsewhere.

A page load asks for `index.html`, which names the files under an address that holds a digest over all
of them. So a browser keeps them for good, asks once a visit, and an upgrade is seen at once.
"""

import hashlib
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request, Response
from starlette.exceptions import HTTPException

FOLDER = Path(__file__).parent / "static"
BUILD = "{{build}}"
"""Stands in `index.html` where the digest comes."""
PRELOADS = "<!-- preloads -->"
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


@router.api_route("/", methods=["GET", "HEAD"])
def index(request: Request) -> Response:
    """The page's frame, asked for at each visit."""
    files = _files()
    build = _digest(files)
    preloads = "\n".join(
        f'<link rel="modulepreload" href="ui/{build}/{name}">' for name in files if name.startswith("kit/")
    )
    text = (FOLDER / "index.html").read_text(encoding="utf-8")
    content = text.replace(BUILD, build).replace(PRELOADS, preloads).encode()
    return _answer(request, content, ".html", "no-cache")


@router.api_route("/ui/{build}/{name:path}", methods=["GET", "HEAD"])
def file(request: Request, build: str, name: str) -> Response:
    """One of the page's files. One that was asked for under another build's address is not kept."""
    files = _files()
    if name not in files:
        raise HTTPException(404, f"the page has no file {name[:100]!r}")
    kept = FOR_GOOD if build == _digest(files) else "no-cache"
    return _answer(request, files[name].read_bytes(), files[name].suffix, kept)


def _files() -> dict[str, Path]:
    """By their names under the page's folder: what is not listed here is not served."""
    found = sorted(path for path in FOLDER.rglob("*") if path.suffix in TYPES)
    return {path.relative_to(FOLDER).as_posix(): path for path in found}


def _digest(files: dict[str, Path]) -> str:
    """Over all contents, which are read again only when a file has changed on the disk."""
    return _digest_of(tuple((name, path, path.stat().st_mtime_ns) for name, path in files.items()))


@lru_cache(maxsize=1)
def _digest_of(marks: tuple[tuple[str, Path, int], ...]) -> str:
    digest = hashlib.sha256()
    for name, path, _ in marks:
        digest.update(f"{name}\n".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _answer(request: Request, content: bytes, suffix: str, kept: str) -> Response:
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    headers = HEADERS | {"ETag": tag, "Cache-Control": kept}
    known = request.headers.get("if-none-match", "").split(",")
    if tag in {shown.strip().removeprefix("W/") for shown in known}:
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=TYPES[suffix], headers=headers)
