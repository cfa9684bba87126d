"""Problems as answers of an API: `application/problem+json` (RFC 9457)."""

from typing import Any, Final

from fastapi import Request
from fastapi.responses import JSONResponse

from shared import problems
from shared.personal_identity import redact

MEDIA_TYPE = "application/problem+json"


def response(request: Request, problem: problems.Problem) -> JSONResponse:
    """The problem as an answer to `request`."""
    body = problems.details(problem).model_copy(update={"instance": redact(request.url.path)})
    content = body.model_dump(exclude_none=True) | problem.members
    return JSONResponse(content, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


_CONTENT: Final[dict[str, Any]] = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
_RETRY_AFTER: Final[dict[str, Any]] = {
    "Retry-After": {
        "description": "In how many seconds to go on",
        "schema": {"type": "integer", "minimum": 1},
        "required": True,
    }
}


def _problem(description: str, headers: dict[str, Any] | None = None) -> dict[str, Any]:
    return {"description": description, "content": _CONTENT} | ({"headers": headers} if headers else {})


PROBLEMS: Final[dict[int, dict[str, Any]]] = {
    400: _problem("Not what the interface takes at all"),
    401: _problem(
        "Without a valid token, or of an account that is not active",
        {"WWW-Authenticate": {"description": "RFC 6750", "schema": {"type": "string"}, "required": True}},
    ),
    403: _problem("Seen, and not allowed"),
    404: _problem("Not there, or not for the caller to know of"),
    406: _problem("In no form that the caller takes"),
    408: _problem("The body came too slowly"),
    409: _problem("Not possible in the present state"),
    412: _problem(
        "Changed since it was read",
        {"ETag": {"description": "Of the present version", "schema": {"type": "string"}, "required": True}},
    ),
    413: _problem("The body is too large"),
    415: _problem("The body is no JSON by its header"),
    422: _problem("Well-formed, and not acceptable: `errors` names parameters or fields"),
    428: _problem("Without `If-Match`"),
    429: _problem("More requests than one account or address may make in a minute", _RETRY_AFTER),
    500: _problem("A fault of the platform's own"),
    503: _problem("A server that is needed is away; nothing was done", _RETRY_AFTER),
}
"""For OpenAPI: the problems of each status."""


def declared() -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: whatever the status, an error is a problem; one request too many may be made anywhere."""
    return {429: PROBLEMS[429], "default": _problem("A problem (RFC 9457) that says what to do")}
