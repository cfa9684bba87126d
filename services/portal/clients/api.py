"""One client for an API: it asks for a member, passes on the context, and tells answers, problems and absence apart."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar
from urllib.parse import quote

import httpx2

from services.portal.clients.event_stream import read_events
from shared import context
from shared.problems import Problem

TIMEOUT: Final = httpx2.Timeout(10.0, connect=2.0, pool=5.0)
STREAM_TIMEOUT: Final = httpx2.Timeout(45.0, connect=2.0)
"""APIs send something at least every 15 seconds, be it a comment"""
LIMITS: Final = httpx2.Limits(max_connections=1000, max_keepalive_connections=20)
"""A browser that is open holds a connection to the notification service"""

T = TypeVar("T")
Query = Mapping[str, object]


@dataclass(frozen=True)
class Answer:
    """What an API answered: the JSON as it is, and the version of it, to be sent along with a command."""

    data: Any
    etag: str | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Any:
        return self.data[name]


class ApiProblem(Problem):
    """An API said no: `name`, `errors` and `members` are those of its problem."""


class Away(Problem):
    """An API did not answer. A page shows itself without what it would have had from there."""

    def __init__(self, service: str) -> None:
        detail = f"The service {service} does not answer at the moment. Try again shortly."
        super().__init__(503, "unavailable", "Try again shortly", detail, headers={"Retry-After": "5"})
        self.service = service


class ApiClient:
    """Asks one API for one member, or for nobody where `token` is None, in the language of the page."""

    def __init__(
        self, service: str, http: httpx2.AsyncClient, base_url: str, *, token: str | None, language: str
    ) -> None:
        self.service = service
        self._http = http
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._language = language

    async def get(self, path: str, /, query: Query | None = None, **parts: object) -> Answer:
        """GET; `{name}` in the path is filled from `parts`. None and empty values of the query are left out."""
        return await self.request("GET", path, query=query, parts=parts)

    async def post(
        self, path: str, /, body: object = None, *, key: str | None = None, etag: str | None = None, **parts: object
    ) -> Answer:
        """POST a JSON body, with the form's idempotency key and the version that the person has seen."""
        return await self.request("POST", path, body=body, key=key, etag=etag, parts=parts)

    async def patch(self, path: str, /, body: object, *, etag: str | None = None, **parts: object) -> Answer:
        """PATCH, with the version that the person has seen."""
        return await self.request("PATCH", path, body=body, etag=etag, parts=parts)

    async def put(self, path: str, /, body: object, *, etag: str | None = None, **parts: object) -> Answer:
        """PUT, with the version that the person has seen."""
        return await self.request("PUT", path, body=body, etag=etag, parts=parts)

    async def events(self, path: str, /, *, after: int) -> AsyncIterator[tuple[str, Any]]:
        """The id and the JSON of each server-sent event after the one with the id `after`, until the API ends.

        Raises ApiProblem where the API says no, and Away where it does not answer any more.
        """
        headers = self._headers(None, None) | {"Accept": "text/event-stream", "Last-Event-ID": str(after)}
        try:
            async with self._http.stream(
                "GET", self._base_url + path, headers=headers, timeout=STREAM_TIMEOUT
            ) as answer:
                if answer.status_code >= 400:
                    await answer.aread()
                    raise _problem(self.service, answer)
                async for event in read_events(answer.aiter_lines()):
                    yield event
        except (httpx2.TransportError, httpx2.TimeoutException) as error:
            raise Away(self.service) from error

    async def request(
        self,
        method: str,
        path: str,
        *,
        parts: Mapping[str, object],
        query: Query | None = None,
        body: object = None,
        key: str | None = None,
        etag: str | None = None,
    ) -> Answer:
        """Ask. Raises ApiProblem where the API says no, and Away where it does not answer."""
        address = self._base_url + path.format(**{name: _as_part(value) for name, value in parts.items()})
        try:
            answer = await self._http.request(
                method,
                address,
                params=_given(query),
                json=body,
                headers=self._headers(key, etag),
            )
        except (httpx2.TransportError, httpx2.TimeoutException) as error:
            raise Away(self.service) from error
        if answer.status_code >= 400:
            raise _problem(self.service, answer)
        is_json = answer.headers.get("content-type", "").startswith("application/json")
        content = (answer.json() if is_json else answer.text) if answer.content else None
        return Answer(content, answer.headers.get("ETag"), answer.status_code, answer.headers)

    def _headers(self, key: str | None, etag: str | None) -> dict[str, str]:
        about = context.current()
        headers = {
            "Accept": "application/json",
            "Accept-Language": self._language,
            "X-Correlation-ID": about.correlation_id,
            "traceparent": about.traceparent,
        }
        optional = {
            "Authorization": f"Bearer {self._token}" if self._token else None,
            "Idempotency-Key": key,
            "If-Match": etag,
            "tracestate": about.tracestate,
        }
        return headers | {name: value for name, value in optional.items() if value}


def _as_part(value: object) -> str:
    """A value as one part of a path: dots alone would lead to another address."""
    part = quote(str(value), safe="")
    return part.replace(".", "%2E") if part in (".", "..") else part


def _given(query: Query | None) -> list[tuple[str, Any]]:
    pairs: list[tuple[str, Any]] = []
    for name, value in (query or {}).items():
        values = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, _as_text(each)) for each in values if each is not None and each != ""]
    return pairs


def _as_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _problem(service: str, answer: httpx2.Response) -> Problem:
    """What an API answered in place of what was asked for."""
    try:
        body = answer.json()
        name = str(body["type"]).rpartition(":")[2]
    except (ValueError, KeyError, TypeError):
        return Away(service)
    if answer.status_code == 503:
        return Away(service)
    own = {"type", "title", "status", "detail", "instance", "errors"}
    headers = {kept: answer.headers[kept] for kept in ("ETag", "Retry-After") if kept in answer.headers}
    return ApiProblem(
        answer.status_code,
        name,
        str(body.get("title", "")),
        str(body.get("detail", "")),
        errors=body.get("errors"),
        headers=headers,
        members={member: value for member, value in body.items() if member not in own},
    )


async def side_by_side(*asked: Awaitable[Any]) -> list[Any]:
    """Ask all at once, and return what each answered, in their order.

    In place of the answer of an API that is away stands its Away. Any other problem is raised, when all have ended.
    """
    answers = await asyncio.gather(*asked, return_exceptions=True)
    for answer in answers:
        if isinstance(answer, BaseException) and not isinstance(answer, Away):
            raise answer
    return list(answers)


async def or_away(asked: Awaitable[T]) -> T | Away:
    """What was asked for, or that the API is away."""
    try:
        return await asked
    except Away as away:
        return away
