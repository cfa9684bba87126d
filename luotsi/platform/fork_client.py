"""The supervisor's end of the fork server: asks it to fork processes, and learns of their ends."""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections import deque
from pathlib import Path
from typing import Any

from luotsi.platform.process import ProcessSpec


class ForkedProcess:
    """A process that the fork server forked. Not a child of this process, which learns of its end from the server."""

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


class ForkClient:
    """Has the fork server fork processes, over a socket. A new server, after one that died, gets a new socket."""

    def __init__(self) -> None:
        self._link: asyncio.Future[_Link] = asyncio.get_running_loop().create_future()

    async def connect(self) -> socket.socket:
        """Make a new socket; returns its other end, to be the standard input of a server."""
        ours, theirs = socket.socketpair()
        _, link = await asyncio.get_running_loop().create_connection(_Link, sock=ours)
        if self._link.done():
            self._link = asyncio.get_running_loop().create_future()
        self._link.set_result(link)
        return theirs

    async def fork(self, spec: ProcessSpec, log: Path) -> ForkedProcess:
        """Have a process forked whose output is appended to `log`; waits until there is a server that does it.

        When the server dies, the kernel kills what it forked: such a process has ended by SIGKILL.
        """
        while True:
            link = await asyncio.shield(self._link)
            try:
                return await link.ask(spec, log)
            except ConnectionError:  # that server died before it came to it
                if self._link.done() and self._link.result() is link:
                    self._link = asyncio.get_running_loop().create_future()


class _Link(asyncio.Protocol):
    """The socket to one server: requests go out, and what it did comes in, in the order in which it did it."""

    def __init__(self) -> None:
        self._received = b""
        self._asked: deque[asyncio.Future[ForkedProcess]] = deque()
        self._living: dict[int, ForkedProcess] = {}

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    async def ask(self, spec: ProcessSpec, log: Path) -> ForkedProcess:
        if self._transport.is_closing():
            raise ConnectionResetError
        answer: asyncio.Future[ForkedProcess] = asyncio.get_running_loop().create_future()
        self._asked.append(answer)
        self._transport.write(json.dumps(_request(spec, log)).encode() + b"\n")
        return await answer

    def data_received(self, data: bytes) -> None:
        *lines, self._received = (self._received + data).split(b"\n")
        for line in lines:
            said = json.loads(line)
            if "ended" in said:
                self._living.pop(said["ended"]).end(said["code"])
                continue
            child = self._living[said["pid"]] = ForkedProcess(said["pid"])
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


def _request(spec: ProcessSpec, log: Path) -> dict[str, Any]:
    _, _, module, *arguments = spec.argv
    return {
        "name": spec.name,
        "module": module,
        "arguments": arguments,
        "env": dict(spec.env),
        "cwd": str(spec.cwd or Path.cwd()),
        "log": str(log),
    }
