"""The web server waits only so long: for headers, and for somebody who reads what was asked for."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn

from shared.web.http_protocol import HttpProtocol

LARGE = b"x" * (16 * 1024 * 1024)
"""More than the buffers of both ends hold"""


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    """A server of our protocol in this process, whose only answer is `LARGE`; its port."""

    async def app(_: Any, __: Any, send: Callable[[Any], Any]) -> None:
        length = [(b"content-length", str(len(LARGE)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": length})
        for at in range(0, len(LARGE), 65536):
            await send({"type": "http.response.body", "body": LARGE[at : at + 65536], "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    server = uvicorn.Server(uvicorn.Config(app, http=HttpProtocol, lifespan="off", log_config=None, port=0))
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        serving = asyncio.ensure_future(server.serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        await serving


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the server has closed the connection."""
    async with asyncio.timeout(30):
        try:
            return await reader.read()
        except ConnectionError:
            return b""


WHOLE = b"GET / HTTP/1.1\r\nHost: test\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", b"GET", WHOLE[:-2], b"GET / HTTP/1.1\r\nX-Slow:"])
async def test_headers_that_do_not_come_close_the_connection(monkeypatch: pytest.MonkeyPatch, sent: bytes) -> None:
    monkeypatch.setattr("shared.web.http_protocol._HEADER_SECONDS", 0.3)
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        assert await until_closed(reader) == b""
        writer.close()


async def test_the_headers_of_a_second_request_are_not_waited_for_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.http_protocol._HEADER_SECONDS", 0.3)
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WHOLE)
        assert b"200 OK" in await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(len(LARGE))
        writer.write(WHOLE[:-2])
        assert await until_closed(reader) == b""
        writer.close()


async def test_who_reads_nothing_is_cut_off_and_who_reads_gets_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.web.http_protocol._READER_SECONDS", 0.3)
    async with serving() as port:
        readers = [await asyncio.open_connection("127.0.0.1", port, limit=1024) for _ in range(2)]
        for _, writer in readers:
            writer.write(WHOLE)
        (idle, _), (busy, _) = readers
        await busy.readuntil(b"\r\n\r\n")
        assert await busy.readexactly(len(LARGE)) == LARGE
        await asyncio.sleep(1)
        assert len(await until_closed(idle)) < len(LARGE)
        for _, writer in readers:
            writer.close()
