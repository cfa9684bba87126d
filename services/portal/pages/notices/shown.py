"""Notices as pages show them."""

from typing import Any
from urllib.parse import urlsplit

from services.portal.domain.local_paths import local_path


def shown(notice: dict[str, Any]) -> dict[str, Any]:
    """A notice with the path that it leads to on this site."""
    return notice | {"path": local_path(urlsplit(notice["link"]).path or "/")}
