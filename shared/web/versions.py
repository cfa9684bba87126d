"""Versions over HTTP: a strong ETag per version (RFC 9110, section 8.8.3), and If-Match to change one."""

from typing import Any, Final

from fastapi import Request

from shared.problems import Problem

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
    """Raise 428 when the request names no version, 412 when it names another than `version`."""
    header = request.headers.get("If-Match")
    if header is None:
        detail = "Send `If-Match` with the ETag of the version that you have seen."
        raise Problem(428, "precondition-required", "Say which version you mean", detail)
    named = [tag.strip() for tag in header.split(",")]
    if header.strip() != "*" and etag(version) not in named:
        raise stale(version)


def stale(version: int) -> Problem:
    """412: the caller speaks of another version than the present one."""
    detail = "It was changed since you read it. Read it again, then decide anew."
    return Problem(412, "stale-version", "Changed meanwhile", detail, headers={"ETag": etag(version)})
