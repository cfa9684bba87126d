"""The web server waits only so long: for headers, and for somebody who reads what was asked for."""

import asyncio
import json
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


@pytest.mark.parametrize(
    ("begun", "endless"),
    [
        (b"GET /", b"1-"),
        (b"GET / HTTP/1.1\r\nHost: test\r\nX-Endless: ", b"a"),
        (b"GET / HTTP/1.1\r\nHost: test\r\n", b"X-More: a\r\n"),
        (b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"X-Trailer: a\r\n"),
        (b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Trailer: ", b"a"),
        (b"POST / HTTP/1.1\r\nHost: test\r\nTransfer-Encoding: chunked\r\n\r\n1;extension=", b"a"),
    ],
    ids=["address", "header", "headers", "trailers", "trailer", "extension"],
)
async def test_what_is_no_body_is_not_read_for_ever(begun: bytes, endless: bytes) -> None:
    async with serving() as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(begun)
        sent = 0
        try:
            async with asyncio.timeout(30):
                while sent < 16 * 1024 * 1024:
                    writer.write(endless * (65536 // len(endless)))
                    await writer.drain()
                    sent += 65536
        except ConnectionError:
            return
        finally:
            writer.transport.abort()
        raise AssertionError("16 MiB were read")


@pytest.mark.parametrize("length", [30_000, 40_000])
async def test_a_head_that_is_too_large_is_answered(length: int) -> None:
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WHOLE.replace(b"test", b"test\r\nX-Large: " + b"a" * length))
        head = await reader.readuntil(b"\r\n\r\n")
        if length < 32 * 1024:
            assert b" 200 OK" in head
        else:
            assert b" 431 " in head
            assert json.loads(await until_closed(reader))["type"] == "urn:luotsi:problem:head-too-large"
        writer.close()


@pytest.mark.parametrize("protocol", ["h2c", "websocket", "other"])
@pytest.mark.parametrize("framing", ["Content-Length: 30", "Transfer-Encoding: chunked"])
async def test_a_body_is_never_taken_for_the_next_request(protocol: str, framing: str) -> None:
    asked = f"Connection: Upgrade\r\nUpgrade: {protocol}\r\n{framing}\r\n\r\n"
    async with serving() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(WHOLE.replace(b"GET", b"POST")[:-2] + asked.encode() + WHOLE)
        answered = await until_closed(reader)
        assert answered.count(b"HTTP/1.1 ") == 1
        assert b"HTTP/1.1 400 " in answered
        writer.close()
