"""What happens around every request: a context of its own, headers of the answer, limits, and unexpected errors."""

from asyncio import CancelledError
from collections.abc import Awaitable, Callable
from urllib.parse import unquote_plus

from fastapi import Request, Response
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import context, problems
from shared.personal_identity import WHEN_IT_IS_NONE, contains_code
from shared.web import framework_problems
from shared.web.routing import GIVEN_QUERY
from shared.web.whole_bodies import BodyLimits, SenderIsGone, WholeBody, read_whole, unread

AnswerProblem = Callable[[Request, problems.Problem], Response]
"""How an application says a problem: as JSON, as a page, ..."""

LimitRequests = Callable[[Request], Awaitable[problems.Problem | None]]
"""Counts a request, and says what is wrong where it is one too many"""


class RequestContext:
    """Runs each request in a context of its own, and names that context in the answer.

    It refuses what `limit` refuses and a personal identity code in an address, reads the body whole within `limits`,
    and answers what fails unexpectedly, all by `answer`.

    Plain ASGI: with its tasks and queues, the framework's own kind makes the shortest answer take three times as long.
    """

    def __init__(self, app: ASGIApp, answer: AnswerProblem, limit: LimitRequests, limits: BodyLimits) -> None:
        self._app = app
        self._answer = answer
        self._limit = limit
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        scope[GIVEN_QUERY] = scope["query_string"]
        scope["query_string"] = _without_empty_values(scope["query_string"])
        request = Request(scope)
        about = _context_of(request)
        begun, keep_open = False, True

        async def send_named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers["X-Correlation-ID"] = about.correlation_id
                _add_headers(headers, personal="Authorization" in request.headers, keep_open=keep_open)
            await send(message)

        with context.using(about):
            try:
                refused, whole = await self._take_in(request, receive)
                keep_open = whole.ended
                if refused is not None:
                    return await self._answer(request, refused)(scope, receive, send_named)
                await self._app(scope, whole.receive, send_named)
            except SenderIsGone:
                return None
            except (Exception, CancelledError) as error:
                # Here, and not in a handler: the framework would log the error's text as well.
                answer = self._answer(request, framework_problems.from_unexpected(error))
                if not begun:  # else the caller sees an answer cut short
                    await answer(scope, receive, send_named)
                if isinstance(error, CancelledError):
                    raise

    async def _take_in(self, request: Request, receive: Receive) -> tuple[problems.Problem | None, WholeBody]:
        """The request's body, and what is wrong with the request, whatever it is about. Raises SenderIsGone."""
        if refused := await self._limit(request):
            return refused, unread(request.headers)
        whole = await read_whole(receive, request.headers, self._limits)
        if _has_code_in_address(request.scope):
            return _CODE_IN_ADDRESS, whole
        if whole.refusal is not None and request.method in ("GET", "HEAD", "OPTIONS"):  # no route asks for the body
            return framework_problems.from_http(whole.refusal), whole
        return None, whole


def _context_of(request: Request) -> context.Context:
    headers = request.headers
    parents = headers.getlist("traceparent")
    state = ",".join(headers.getlist("tracestate"))  # which may be sent in several lines
    return context.new_context(headers.get("X-Correlation-ID"), parents[0] if len(parents) == 1 else None, state)


def _add_headers(headers: MutableHeaders, *, personal: bool, keep_open: bool) -> None:
    """What every answer has: nobody keeps one that was given to a caller with a token, whatever the route says."""
    headers.setdefault("Cache-Control", "no-store")
    if personal:
        headers["Cache-Control"] = "no-store"
    headers["X-Content-Type-Options"] = "nosniff"
    if not keep_open:
        headers["Connection"] = "close"


def _without_empty_values(query: bytes) -> bytes:
    """`a=&b=1` as `b=1`: a field of a form that was left empty asks for nothing."""
    parts = (part.partition(b"=") for part in query.split(b"&"))  # the value may itself end in an equals sign
    return b"&".join(name + equals + value for name, equals, value in parts if value or not equals)


_CODE_IN_ADDRESS = problems.invalid(
    f"A personal identity code must never stand in an address. Search with the reference instead. {WHEN_IT_IS_NONE}",
    name="personal-identity-code",
)


def _has_code_in_address(scope: Scope) -> bool:
    return contains_code(f"{scope['path']} {unquote_plus(scope['query_string'].decode('latin-1'))}")
