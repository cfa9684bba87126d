"""Processes that come out of the fork server, as the supervisor sees them."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections import deque
from pathlib import Path
from typing import Any

from luotsi.platform.process import Program


class Forked:
    """A process that the fork server became for us: no child of this one, so that its end comes as news."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def poll(self) -> int | None:
        """Its exit code, or minus the signal that ended it; None while it runs."""
        return self._code.result() if self._code.done() else None

    async def ended(self) -> int:
        """Wait for its end; returns what `poll` says then."""
        return await asyncio.shield(self._code)

    def send_signal(self, what: int) -> None:
        """Send it a signal, unless it is over."""
        if not self._code.done():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, what)

    def kill(self) -> None:
        """Kill it and everything in its session, which it may have yet to begin."""
        self.send_signal(signal.SIGKILL)
        if not self._code.done():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def end(self, code: int) -> None:
        """Note that it is over."""
        if not self._code.done():
            self._code.set_result(code)


class Forks:
    """What the supervisor has of the fork server: a line to it. A new server, after one that died, gets a new line."""

    def __init__(self) -> None:
        self._line: asyncio.Future[_Line] = asyncio.get_running_loop().create_future()

    async def connect(self) -> socket.socket:
        """A new line; returns the other end of it, to be the standard input of a server."""
        ours, theirs = socket.socketpair()
        _, line = await asyncio.get_running_loop().create_connection(_Line, sock=ours)
        if self._line.done():
            self._line = asyncio.get_running_loop().create_future()
        self._line.set_result(line)
        return theirs

    async def fork(self, program: Program, log: Path) -> Forked:
        """Have the server become the program, whose output is added to `log`; waits until there is a server that does.

        A process whose server dies is killed by the kernel, and over with SIGKILL.
        """
        while True:
            line = await asyncio.shield(self._line)
            try:
                return await line.ask(program, log)
            except ConnectionError:  # that server died before it came to it
                if self._line.done() and self._line.result() is line:
                    self._line = asyncio.get_running_loop().create_future()


class _Line(asyncio.Protocol):
    """Requests go out, and what the server says comes in, in the order in which it did it."""

    def __init__(self) -> None:
        self._received = b""
        self._asked: deque[asyncio.Future[Forked]] = deque()
        self._living: dict[int, Forked] = {}

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    async def ask(self, program: Program, log: Path) -> Forked:
        if self._transport.is_closing():
            raise ConnectionResetError
        answer: asyncio.Future[Forked] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self._transport.write(json.dumps(_request(program, log)).encode() + b"\n")
        return await answer

    def data_received(self, data: bytes) -> None:
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            if "ended" in said:
                self._living.pop(said["ended"]).end(said["code"])
                continue
            child = self._living[said["pid"]] = Forked(said["pid"])
            asked = self._asked.popleft()
            if asked.cancelled():
                child.kill()
            else:
                asked.set_result(child)

    def connection_lost(self, exc: Exception | None) -> None:
        for child in self._living.values():
            child.end(-signal.SIGKILL)
        for asked in self._asked:
            if not asked.cancelled():
                asked.set_exception(ConnectionResetError())


def _request(program: Program, log: Path) -> dict[str, Any]:
    _, _, module, *arguments = program.argv
    return {
        "name": program.name,
        "module": module,
        "arguments": arguments,
        "env": dict(program.env),
        "cwd": str(program.cwd or Path.cwd()),
        "log": str(log),
    }
