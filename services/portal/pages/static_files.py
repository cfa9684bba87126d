"""Files that are the same for everybody: styles, scripts, pictures. Their addresses change with what is in them."""

import hashlib
import mimetypes
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request, Response

from shared.problems import not_found

FOLDER: Final = Path(__file__).parents[1] / "static"
_YEAR: Final = "public, max-age=31536000, immutable"
_DIGEST: Final = 16


class StaticFiles:
    """The files, read once. One digest of them all stands in their addresses, so that one may name another."""

    def __init__(self, folder: Path = FOLDER) -> None:
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        self.files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}
        whole = hashlib.sha256()
        for name, content in self.files.items():
            whole.update(f"{name}\0{len(content)}\0".encode() + content)
        self.digest = whole.hexdigest()[:_DIGEST]

    def address(self, name: str) -> str:
        """Where a file is to be had. Raises LookupError for one that there is not."""
        if name not in self.files:
            raise LookupError(f"no such static file: {name}")
        return f"/static/{self.digest}/{name}"


router = APIRouter()


@router.get("/static/{digest}/{name:path}")
async def static_file(request: Request, digest: str, name: str) -> Response:
    """A file; under its present address it may be kept for ever."""
    files: StaticFiles = request.app.state.luotsi.static_files
    return _file(files, name, _YEAR if digest == files.digest else "no-cache")


@router.get("/favicon.ico")
async def favicon(request: Request) -> Response:
    """The mark in the browser's tab, where browsers look for it by themselves."""
    return _file(request.app.state.luotsi.static_files, "favicon.svg", "public, max-age=86400")


@router.get("/robots.txt")
async def robots() -> Response:
    """Search engines have no business on pages that people sign in to."""
    return Response("User-agent: *\nAllow: /$\nDisallow: /\n", media_type="text/plain")


def _file(files: StaticFiles, name: str, caching: str) -> Response:
    content = files.files.get(name)
    if content is None:
        raise not_found("file")
    kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(content, media_type=kind, headers={"Cache-Control": caching})
