"""A web process that is to stop: it goes on answering for a while, and each answer sends its caller elsewhere."""

import asyncio
import logging
import signal
import socket
from contextlib import suppress
from types import FrameType
from typing import Final

import uvicorn
from fastapi import FastAPI

log = logging.getLogger(__name__)

_LAST_SECONDS: Final = 0.5
"""For what came in just before the door was shut, and has not been read yet"""


def is_draining(app: FastAPI) -> bool:
    """Whether its process is about to stop."""
    return bool(getattr(app.state, "draining", False))


class DrainingServer(uvicorn.Server):
    """Told to stop, it answers on for `seconds`, with `Connection: close`; then it takes no connection more.

    After that time no caller keeps a connection that rests, which would be closed under the next request. Whoever asks
    anew finds the door shut at once, and goes to another process.
    """

    def __init__(self, config: uvicorn.Config, app: FastAPI, seconds: float) -> None:
        super().__init__(config)
        self._app = app
        self._seconds = seconds
        self._draining: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Remember the loop, for a signal comes from outside of it."""
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until told to stop; Ctrl-C leaves no trace, as with `uvicorn.run`."""
        with suppress(KeyboardInterrupt):
            super().run(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Begin to drain; stop at once with Ctrl-C, when asked twice, or where nothing is to be waited for."""
        begins = sig == signal.SIGTERM and self._seconds and not is_draining(self._app)
        if not begins or self._loop is None or not self.started:
            return super().handle_exit(sig, frame)
        self._app.state.draining = True
        self._loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        close = (b"connection", b"close")
        self.config.encoded_headers.append(close)
        self.server_state.default_headers = [*self.server_state.default_headers, close]
        self._draining = asyncio.create_task(self._drain())

    async def _drain(self) -> None:
        log.info("draining for %s seconds", self._seconds)
        await asyncio.sleep(self._seconds)
        for server in self.servers:
            server.close()
        await asyncio.sleep(_LAST_SECONDS)
        self.should_exit = True


__all__ = ["DrainingServer", "is_draining"]
