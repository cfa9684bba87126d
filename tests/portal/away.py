"""APIs that the portal asks in vain: nobody is there, nothing is said, or only that they do not answer now."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx2

from shared.services import apis
from tests.platform import Platform

WAYS = ("nobody", "silent", "503")
_NOBODY = "http://127.0.0.1:9"
_SOON = 0.3
"""Seconds after which the portal waits no longer: what matters is that it does not wait for ever"""
_UNAVAILABLE = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def away(platform: Platform, *services: str, how: str = "nobody") -> AsyncIterator[None]:
    """The APIs of these services, or all of them, are away for the portal of `platform`."""
    state = platform.apps["portal"].state.luotsi
    gone = services or tuple(apis())
    settings, reached = state.settings, {service: state._http[service] for service in gone}
    async with _answering(how) as address, httpx2.AsyncClient(trust_env=False, timeout=_SOON) as outside:
        state.settings = settings.model_copy(update={f"{service}_url": address for service in gone})
        state._http |= dict.fromkeys(gone, outside)
        try:
            yield
        finally:
            state.settings = settings
            state._http |= reached


@asynccontextmanager
async def _answering(how: str) -> AsyncIterator[str]:
    if how == "nobody":
        yield _NOBODY
        return
    server = await asyncio.start_server(_say_503 if how == "503" else _say_nothing, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def _say_503(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(_UNAVAILABLE)
    await writer.drain()
    writer.close()


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()  # until the other side has had enough
    writer.close()
