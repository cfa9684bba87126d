"""A request's body is read whole, within limits of size and time, before anything is begun for the request.

So nobody who sends slowly, or never ends, holds a connection of the database or a lock meanwhile.
"""

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

_DRAINED_BYTES: Final = 1024 * 1024
"""So much of a body that is too large is read and thrown away: a sender in the middle of it listens to no answer."""


@dataclass(frozen=True)
class BodyLimits:
    """How large a body may be, in bytes, and within how many seconds all of it has to come."""

    max_bytes: int
    seconds: float


@dataclass(frozen=True)
class WholeBody:
    """A body as the application gets it.

    `receive` gives it as one message, or raises `refusal`, which says what is wrong with it (408, 413): when a route
    asks for it, and so after 401, 404 and 403. `ended` says whether all of it has come, so that another request may
    follow on the connection.
    """

    receive: Receive
    refusal: HTTPException | None = None
    ended: bool = True


class SenderIsGone(Exception):
    """The connection was closed in the middle of a body: nobody waits for an answer."""


async def read_whole(receive: Receive, headers: Headers, limits: BodyLimits) -> WholeBody:
    """Read the body that `headers` announce. Raises SenderIsGone."""
    if not announces_body(headers):
        return WholeBody(receive)
    length = headers.get("content-length", "")
    if length.isdecimal() and int(length) > _DRAINED_BYTES:
        return _refused(_too_large(limits), ended=False)
    body, received, ended = bytearray(), 0, False
    try:
        async with asyncio.timeout(limits.seconds):
            while not ended and received <= _DRAINED_BYTES:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise SenderIsGone
                part = message.get("body", b"")
                received += len(part)
                body += part if received <= limits.max_bytes else b""
                ended = not message.get("more_body", False)
    except TimeoutError:
        pass
    if received > limits.max_bytes:
        return _refused(_too_large(limits), ended)
    if not ended:
        return _refused(_too_slow(limits), ended)
    return WholeBody(_giving(bytes(body), receive))


def unread(headers: Headers) -> WholeBody:
    """The body that `headers` announce, of a request that is refused whatever is in it."""
    return WholeBody(_no_more, ended=not announces_body(headers))


def announces_body(headers: Headers) -> bool:
    """Whether a body follows the headers."""
    return headers.get("content-length", "0") != "0" or "transfer-encoding" in headers


async def _no_more() -> Message:
    return {"type": "http.disconnect"}


def _giving(body: bytes, receive: Receive) -> Receive:
    """`receive` as if `body` had just come in one message."""
    given = False

    async def receive_whole() -> Message:
        nonlocal given
        if given:
            return await receive()  # that the caller has gone
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive_whole


def _refused(refusal: HTTPException, ended: bool) -> WholeBody:
    # The framework's own exception: any other that comes up while it reads a form becomes a 400.
    async def refuse() -> Message:
        raise refusal

    return WholeBody(refuse, refusal, ended)


def _too_large(limits: BodyLimits) -> HTTPException:
    return HTTPException(413, f"The body is larger than {limits.max_bytes // 1024} KiB. Shorten the texts in it.")


def _too_slow(limits: BodyLimits) -> HTTPException:
    detail = f"The body did not come to its end within {limits.seconds:g} seconds. Send it again, without a pause."
    return HTTPException(408, detail)
