"""The web server's side of a connection, with an end to its patience: for slow headers, and for slow readers."""

import asyncio
from typing import Final

from shared.web.bad_requests import ProblemProtocol

_HEADER_SECONDS: Final = 10.0
"""Within which the headers of a request have to be complete, from its first byte or from the connection on"""
_READER_SECONDS: Final = 60.0
"""Within which a caller has to take what is ready to be sent, 48 KiB at most, before more is written"""


class HttpProtocol(ProblemProtocol):
    """Closes a connection that says nothing, or not all of its headers, and one whose other end reads no answer.

    The server itself limits only how long a connection rests between two requests.
    """

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

    def on_message_begin(self) -> None:
        """Begin to wait for the rest of the headers."""
        self._wait_for_headers()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The headers are there."""
        self._stop_waiting()
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

    def _wait_for_headers(self) -> None:
        self._stop_waiting()
        self._headers_due = self.loop.call_later(_HEADER_SECONDS, self.transport.close)

    def _stop_waiting(self) -> None:
        if self._headers_due is not None:
            self._headers_due.cancel()


__all__ = ["HttpProtocol"]
