"""A web process of its own on the tests' servers, and sockets that hold it up."""

import asyncio
import base64
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx2
from pydantic import Secret, SecretStr

from luotsi.platform.data_dir import is_free
from luotsi.platform.process_specs import free_port_base
from tests.builders import Someone
from tests.platform import Platform

PATIENCE = 60.0
_EVERY = {"Idempotency-Key": "k", "If-Match": '"1"'}


class WebProcess:
    """The web process of one service; `address` is where it answers."""

    def __init__(self, platform: Platform, service: str, port: int) -> None:
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        self._platform = platform
        self._service = service

    def client(self, who: Someone | None = None, **headers: str) -> httpx2.AsyncClient:
        """An HTTP client of it, acting as `who` (nobody: without a token)."""
        if who is not None:
            headers["Authorization"] = f"Bearer {self._platform.tokens.sign(who)}"
        return httpx2.AsyncClient(base_url=self.address, headers=headers, timeout=PATIENCE)

    async def unfinished(
        self, request: str, who: Someone | None = None, length: int = 1000, **headers: str
    ) -> "Unfinished":
        """A request such as `POST /referrals` whose body is to have `length` bytes, and of which one comes."""
        said = {"Host": "test", "Content-Type": "application/json", "Content-Length": str(length)} | _EVERY | headers
        if who is not None:
            said["Authorization"] = f"Bearer {self._platform.tokens.sign(who)}"
        lines = [f"{request} HTTP/1.1", *(f"{name}: {value}" for name, value in said.items())]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write("\r\n".join([*lines, "", ""]).encode() + b"{")
        await writer.drain()
        return Unfinished(reader, writer)


class Unfinished:
    """A request that has not been sent to its end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def trickle(self, byte: bytes = b" ", every: float = 0.05) -> None:
        """Send a byte again and again, until the server has had enough.

        Past the stream: that would throw the answer away when a byte meets a connection which the server has reset.
        """
        while not self._reader.at_eof() and not self._writer.is_closing():
            try:
                os.write(self._writer.get_extra_info("socket").fileno(), byte)
            except OSError:
                return
            await asyncio.sleep(every)

    async def answer(self) -> bytes:
        """All that is answered until the server closes the connection, or resets it since bytes still came."""
        answered = bytearray()
        with suppress(ConnectionResetError):
            async with asyncio.timeout(PATIENCE):
                while part := await self._reader.read(65536):
                    answered += part
        await self.give_up()
        return bytes(answered)

    async def give_up(self) -> None:
        """Close the connection without sending the rest."""
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


@contextmanager
def web_process(platform: Platform, service: str, log: Path, **settings: str) -> Iterator[WebProcess]:
    """Run the web process of `service` while the block lasts; `settings` are further variables, or other values."""
    port = free_port_base()
    command = [sys.executable, "-m", f"services.{service}.main"]
    with log.open("wb") as out:
        environment = variables(platform, service) | {"PORT": str(port)} | settings
        process = subprocess.Popen(command, env=environment, stdout=out, stderr=out)
    try:
        _wait_until_it_answers(process, port, log)
        yield WebProcess(platform, service, port)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def variables(platform: Platform, service: str) -> dict[str, str]:
    """The environment of a process of `service` that works on the platform's servers."""
    given = dict(platform.settings[service])
    return os.environ | {name.upper(): _as_text(value) for name, value in given.items() if value is not None}


def _as_text(value: Any) -> str:
    """A setting as its variable has it."""
    plain = value.get_secret_value() if isinstance(value, Secret | SecretStr) else value
    return base64.urlsafe_b64encode(plain).decode() if isinstance(plain, bytes) else str(plain)


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while is_free(port):
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)


__all__ = ["Unfinished", "WebProcess", "variables", "web_process"]
