"""Problems for what the web framework refuses by itself, and for what fails unexpectedly."""

import logging
from asyncio import CancelledError

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from shared import context, problems
from shared.database.outages import is_away

log = logging.getLogger(__name__)


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
    """A problem for what the framework itself refuses, and for a body that is too large or too slow."""
    if error.status_code == 413:
        return problems.Problem(413, "too-large", "Too large", error.detail)
    if error.status_code == 408:
        return problems.Problem(408, "too-slow", "Too slow", error.detail)
    known = _HTTP.get(error.status_code)
    if known is not None:
        return problems.Problem(known.status, known.name, known.title, known.detail, headers=error.headers)
    return problems.Problem(
        error.status_code, "refused", "Refused", "The request could not be taken.", headers=error.headers
    )


def from_unexpected(error: BaseException) -> problems.Problem:
    """A problem for an error that no handler answers; what is our own fault is logged, without the error's text."""
    if isinstance(error, CancelledError):  # a server that is stopped waits for requests only so long
        return problems.unavailable("This server is being stopped. Send the same request again shortly.")
    if is_away(error):
        log.warning("a server is away: %s", type(error).__name__)
        detail = "The database does not answer. Nothing was changed; send the same request again shortly."
        return problems.unavailable(detail)
    log.error("unexpected error", exc_info=error)
    detail = f"Something failed on our side. Tell the operator: {context.current().correlation_id}."
    return problems.Problem(500, "internal", "Our fault", detail)
