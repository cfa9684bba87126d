"""What happens around every request: a context of its own, headers of the answer, limits, and unexpected errors."""

from asyncio import CancelledError
from collections.abc import Callable
from urllib.parse import unquote_plus

from fastapi import Request, Response
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import context, problems
from shared.personal_identity import contains_code
from shared.web import framework_problems

AnswerProblem = Callable[[Request, problems.Problem], Response]
"""How an application says a problem: as JSON, as a page, ..."""


class RequestContext:
    """Runs each request in a context of its own, and names that context in the answer.

    It refuses a personal identity code in an address and a body of more than `max_body_bytes`, and answers what fails
    unexpectedly, all by `answer`.

    Plain ASGI: with its tasks and queues, the framework's own kind makes the shortest answer take three times as long.
    """

    def __init__(self, app: ASGIApp, answer: AnswerProblem, max_body_bytes: int) -> None:
        self._app = app
        self._answer = answer
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        scope["query_string"] = _without_empty_values(scope["query_string"])
        request = Request(scope)
        about = context.new_context(request.headers.get("X-Correlation-ID"), request.headers.get("traceparent"))
        begun = False

        async def send_named(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                headers = MutableHeaders(scope=message)
                headers["X-Correlation-ID"] = about.correlation_id
                headers.setdefault("Cache-Control", "no-store")
                headers["X-Content-Type-Options"] = "nosniff"
            await send(message)

        with context.using(about):
            if _has_code_in_address(scope):
                return await self._answer(request, _CODE_IN_ADDRESS)(scope, receive, send_named)
            try:
                await self._app(scope, _limited(receive, self._max_body_bytes), send_named)
            except (Exception, CancelledError) as error:
                # Here, and not in a handler: the framework would log the error's text as well.
                answer = self._answer(request, framework_problems.from_unexpected(error))
                if not begun:  # else the caller sees an answer cut short
                    await answer(scope, receive, send_named)
                if isinstance(error, CancelledError):
                    raise


def _without_empty_values(query: bytes) -> bytes:
    """`a=&b=1` as `b=1`: a field of a form that was left empty asks for nothing."""
    return b"&".join(part for part in query.split(b"&") if not part.endswith(b"="))


_CODE_IN_ADDRESS = problems.invalid(
    "A personal identity code must never stand in an address. Search with the reference instead.",
    name="personal-identity-code",
)


def _has_code_in_address(scope: Scope) -> bool:
    return contains_code(f"{scope['path']} {unquote_plus(scope['query_string'].decode('latin-1'))}")


def _limited(receive: Receive, max_bytes: int) -> Receive:
    """`receive`, raising 413 as soon as the body is larger than `max_bytes`.

    The exception is the framework's: it turns any other that comes up while it reads a form into a 400.
    """
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > max_bytes:
            raise HTTPException(413, f"The body is larger than {max_bytes // 1024} KiB. Shorten the texts in it.")
        return message

    return receive_limited
