"""Where a person may be led after signing in: to a page of this site, and nowhere else."""

from typing import Final
from urllib.parse import urlsplit

START: Final = "/"
_LONGEST: Final = 500


def local_path(given: str | None) -> str:
    """`given` where it is a path on this site, with its query; else the start page.

    Browsers read `//host`, `/\\host` and addresses with control characters in them as those of other sites.
    """
    if not given or len(given) > _LONGEST or not given.startswith("/"):
        return START
    if "\\" in given or not given.isascii() or any(ord(letter) <= 32 or ord(letter) == 127 for letter in given):
        return START
    try:
        parts = urlsplit(given)
    except ValueError:
        return START
    if parts.scheme or parts.netloc or given.startswith("//") or parts.fragment:
        return START
    return given


def page_of(method: str, path: str, query: str, referer: str) -> str:
    """The page that a request is about: its own address, or where a form is sent, the page that it stands on."""
    if method not in ("GET", "HEAD"):
        path, _, query = referer.partition("://")[2].partition("/")[2].partition("?")
        path = f"/{path}"
    return local_path(path + (f"?{query}" if query else ""))
