"""Versions over HTTP: the ETag of one (`validators.py` completes it in what is read), and If-Match to change it."""

from typing import Any, Final

from fastapi import Request

from shared.problems import Problem
from shared.web.validators import names_version, tags_in

IF_MATCH: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "schema": {"type": "string"},
            "description": "The ETag of the version that you have seen",
        }
    ]
}
"""For a route's `openapi_extra`, where `require_match` is called."""


def etag(version: int) -> str:
    """The ETag of a version, quotes included."""
    return f'"{version}"'


def require_match(request: Request, version: int) -> None:
    """Raise 428 when the request names no version, 412 when it names others than `version`.

    A weak tag counts like a strong one: proxies weaken the tags of what they compress, and a version is one all the
    same, whatever bytes it was sent in. Several lines are one list.
    """
    lines = request.headers.getlist("If-Match")
    if not any(line.strip() for line in lines):
        detail = "Send `If-Match` with the ETag of the version that you have seen."
        raise Problem(428, "precondition-required", "Say which version you mean", detail)
    if not any(names_version(tag, version) for tag in tags_in(lines)):
        raise stale(version)


def stale(version: int) -> Problem:
    """412: the caller speaks of another version than the present one."""
    detail = "It was changed since you read it. Read it again, then decide anew."
    return Problem(412, "stale-version", "Changed meanwhile", detail, headers={"ETag": etag(version)})
