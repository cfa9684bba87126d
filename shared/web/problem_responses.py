"""Problems as answers of an API: `application/problem+json` (RFC 9457)."""

from typing import Any

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


def declared() -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: whatever the status, an error is a problem; one request too many may be made anywhere."""
    content = {"content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}}
    seconds = {"schema": {"type": "integer", "minimum": 1}, "required": True}
    return {
        429: {
            "description": "More requests than one account or address may make in a minute",
            "headers": {"Retry-After": {"description": "In how many seconds to go on", **seconds}},
            **content,
        },
        "default": {"description": "A problem (RFC 9457) that says what to do", **content},
    }
