"""The web server's side of a connection, with an end to its patience: for slow or endless headers, and slow readers."""

import asyncio
from typing import Final

from starlette.datastructures import Headers

from shared.web.bad_requests import HeadTooLarge, ProblemProtocol, UpgradeWithBody
from shared.web.whole_bodies import announces_body

_HEADER_SECONDS: Final = 10.0
"""Within which the headers of a request have to be complete, from its first byte or from the connection on"""
_HEAD_BYTES: Final = 32 * 1024
"""How much of a request may be read that is no body: address, headers, and what stands around the parts of a body.

The parser puts together what comes in pieces, and takes any length: without a limit, one header without an end takes
all of the processor, and all memory.
"""
_READER_SECONDS: Final = 60.0
"""Within which a caller has to take what is ready to be sent, 48 KiB at most, before more is written"""


class HttpProtocol(ProblemProtocol):
    """Closes a connection that says nothing, or not all of its headers, and one whose other end reads no answer.

    Headers that are too large are answered 431, and the connection closed. The server itself limits only how long a
    connection rests between two requests.
    """

    _head_bytes = 0
    _unused_bytes = 0
    _headers_due: asyncio.TimerHandle | None = None
    _reading_due: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait for nothing any more."""
        self._stop_waiting()
        if self._reading_due is not None:
            self._reading_due.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, unless the parser has been given much and has made nothing of it."""
        if self._unused_bytes > _HEAD_BYTES:
            return self.refuse(HeadTooLarge())
        self._unused_bytes += len(data)
        super().data_received(data)

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of the headers."""
        self._wait_for_headers()
        self._head_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address. Raises HeadTooLarge."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, or what stands like one behind a body. Raises HeadTooLarge."""
        self._count(len(name) + len(value))
        super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body, for which there is another limit (`whole_bodies.py`)."""
        self._unused_bytes = 0
        super().on_body(body)

    def on_headers_complete(self) -> None:
        """The headers are there. Raises UpgradeWithBody."""
        self._stop_waiting()
        if self.parser.should_upgrade() and announces_body(Headers(raw=self.headers)):
            raise UpgradeWithBody
        self._unused_bytes = 0
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Begin to wait until the other end has taken something."""
        self._reading_due = self.loop.call_later(_READER_SECONDS, self.transport.abort)
        super().pause_writing()

    def resume_writing(self) -> None:
        """The other end has taken something."""
        if self._reading_due is not None:
            self._reading_due.cancel()
        super().resume_writing()

    def _count(self, more: int) -> None:
        self._head_bytes += more
        if self._head_bytes > _HEAD_BYTES:
            raise HeadTooLarge

    def _wait_for_headers(self) -> None:
        self._stop_waiting()
        self._headers_due = self.loop.call_later(_HEADER_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()


__all__ = ["HttpProtocol"]
