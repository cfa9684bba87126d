"""Problems as answers: how one goes out over HTTP, and what the framework refuses as one of ours."""

from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from shared import problems
from shared.personal_identity import redact

MEDIA_TYPE = "application/problem+json"


def response(request: Request, problem: problems.Problem) -> JSONResponse:
    """The problem as an answer to `request`."""
    body = problems.details(problem).model_copy(update={"instance": redact(request.url.path)})
    content = body.model_dump(exclude_none=True) | problem.members
    return JSONResponse(content, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def from_validation(error: RequestValidationError) -> problems.Problem:
    """A problem for query or path parameters that do not fit."""
    return problems.invalid("Correct the parameters named under `errors`.", problems.field_errors(list(error.errors())))


_HTTP = {
    404: problems.not_found("page"),
    405: problems.Problem(
        405, "method-not-allowed", "Wrong method", "This address does not take this method; see /docs."
    ),
}


def from_http(error: HTTPException) -> problems.Problem:
    """A problem for what the framework itself refuses."""
    known = _HTTP.get(error.status_code)
    if known is not None:
        return problems.Problem(known.status, known.name, known.title, known.detail, headers=error.headers)
    return problems.Problem(
        error.status_code, "refused", "Refused", "The request could not be taken.", headers=error.headers
    )


def declared() -> dict[int | str, dict[str, Any]]:
    """For OpenAPI: whatever the status, an error is a problem."""
    return {
        "default": {
            "description": "A problem (RFC 9457) that says what to do",
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}},
        }
    }
