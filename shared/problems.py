"""Problems: every error an API answers is RFC 9457 `application/problem+json` and says what to do.

How one goes out over HTTP is `web/problem_responses.py`; those who only raise problems do without it.
"""

from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field

MOST_ERRORS: Final = 20
"""So many faults are named at most: the answer to a request that is all faults is no larger than others."""


class ProblemDetails(BaseModel):
    """The body of every error (RFC 9457, section 3.1). `errors` lists the fields at fault, where there are some.

    A problem may have members of its own (section 3.2); docs/http.md names them beside the problem.
    """

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="urn:luotsi:problem:<name>")
    title: str
    status: int
    detail: str
    instance: str | None = None
    errors: list[dict[str, str]] | None = None


class Problem(Exception):
    """Raised anywhere below an API; `name` is the last part of the problem's type."""

    def __init__(
        self,
        status: int,
        name: str,
        title: str,
        detail: str,
        *,
        errors: list[dict[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(title)
        self.status = status
        self.name = name
        self.title = title
        self.detail = detail
        self.errors = errors
        self.headers = dict(headers or {})
        self.members = dict(members or {})


def unauthenticated(detail: str, *, token_given: bool = True) -> Problem:
    """401: the caller is not known. The challenge names an error where a token was given (RFC 6750, section 3)."""
    error = ', error="invalid_token"' if token_given else ""
    headers = {"WWW-Authenticate": f'Bearer realm="luotsi"{error}'}
    return Problem(401, "unauthenticated", "Sign in first", detail, headers=headers)


def forbidden(detail: str) -> Problem:
    """403: the caller sees the thing and may not do this."""
    return Problem(403, "forbidden", "Not allowed", detail)


def not_found(what: str) -> Problem:
    """404: there is no such thing, or the caller may not know that there is."""
    return Problem(404, "not-found", f"No such {what}", f"There is no {what} here that you may see. Check the address.")


def invalid(detail: str, errors: list[dict[str, str]] | None = None, name: str = "invalid") -> Problem:
    """422: well-formed and yet not acceptable. Of `errors`, the first MOST_ERRORS are told."""
    told = None if errors is None else errors[:MOST_ERRORS]
    return Problem(422, name, "Not acceptable as it stands", detail, errors=told)


def malformed(detail: str, name: str = "malformed") -> Problem:
    """400: not what the interface takes at all."""
    return Problem(400, name, "Malformed request", detail)


def conflict(detail: str, name: str = "conflict", members: Mapping[str, Any] | None = None) -> Problem:
    """409: not possible in the present state; `members` are the problem's own, as JSON."""
    return Problem(409, name, "Not possible in the present state", detail, members=members)


def key_reused() -> Problem:
    """422: the member has used the Idempotency-Key for another request."""
    detail = "You have used this Idempotency-Key for another request. Use a new key for a new request."
    return invalid(detail, name="idempotency-key-reused")


def too_many(detail: str, seconds: int) -> Problem:
    """429: more than one caller may ask for; nothing was done. `seconds` says when to go on."""
    return Problem(429, "too-many-requests", "Too many requests", detail, headers={"Retry-After": str(seconds)})


def unavailable(detail: str) -> Problem:
    """503: a server that this service needs is away; nothing was done."""
    return Problem(503, "unavailable", "Try again shortly", detail, headers={"Retry-After": "2"})


def details(problem: Problem) -> ProblemDetails:
    """The problem as a body, without the members of its own."""
    return ProblemDetails(
        type=f"urn:luotsi:problem:{problem.name}",
        title=problem.title,
        status=problem.status,
        detail=problem.detail,
        errors=problem.errors,
    )


def field_errors(errors: list[Any]) -> list[dict[str, str]]:
    """pydantic's errors as `{field, message}`: where and why, never what was typed."""
    return [
        {"field": ".".join(str(part) for part in error["loc"]) or "body", "message": _message(error)}
        for error in errors
    ]


def _message(error: Any) -> str:
    """pydantic's words, but where they say only what is wrong, quote the input or name a class of ours."""
    kind, limits = error["type"], error.get("ctx", {})
    if kind == "too_short" and limits["min_length"] == 1:
        kind = "none_chosen"
    own = _OWN_WORDS.get(kind) or _OWN_WORDS.get(kind.partition("_")[0])
    return own.format(**limits) if own else str(error["msg"]).removeprefix("Value error, ")


_OWN_WORDS = {
    "missing": "is missing; give it",
    "extra_forbidden": "is unknown here; look for a slip, or leave it out",
    "literal_error": "give one of {expected}",
    "enum": "give one of {expected}",
    "string_type": "must be text",
    "string_too_short": "must have {min_length} characters or more",
    "string_too_long": "must have {max_length} characters or fewer",
    "none_chosen": "choose at least one",  # of a list that may not be empty
    "too_short": "must have {min_length} or more entries",
    "too_long": "must have {max_length} or fewer entries",
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "list": "must be a list",
    "dict": "must be an object",
    "model": "must be an object",
    "bool": "must be true or false",
    "int": "must be a whole number",
    "decimal_type": "must be a number such as 12.50",
    "decimal_parsing": "must be a number such as 12.50",
    "uuid": "must be an id (a UUID)",
    "date": "must be a date such as 2026-11-30",
    "datetime": "must be a time such as 2026-11-30T12:00:00Z",
}
