"""A web process that is told to stop answers on for a while, and sends callers elsewhere."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator
from typing import Any

import httpx2
import pytest
import uvicorn
from fastapi import FastAPI

from shared.web.base import SERVING
from shared.web.draining import DrainingServer
from tests.platform import Platform


@contextlib.asynccontextmanager
async def serving(platform: Platform, seconds: float) -> AsyncIterator[tuple[DrainingServer, str, asyncio.Task[Any]]]:
    app = platform.apps["catalog"]
    listening = socket.create_server(("127.0.0.1", 0))
    server = DrainingServer(uvicorn.Config(app, lifespan="off", **SERVING), app, seconds)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server._serve([listening]))
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield server, f"http://127.0.0.1:{listening.getsockname()[1]}", task
    finally:
        app.state.draining = False
        server.should_exit = True
        await asyncio.wait([task])
        listening.close()


async def test_it_answers_on_and_keeps_no_connection(platform: Platform) -> None:
    async with serving(platform, 60) as (server, url, _), httpx2.AsyncClient(base_url=url) as client:
        assert "connection" not in (await client.get("/readyz")).headers
        server.handle_exit(signal.SIGTERM, None)
        answer = await client.get("/organizations")
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()["status"]) == (503, "unready")


async def test_after_its_time_it_takes_no_connection_more(platform: Platform) -> None:
    async with serving(platform, 0.1) as (server, url, task), httpx2.AsyncClient(base_url=url) as client:
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(task, 60)
        with pytest.raises(httpx2.ConnectError):
            await client.get("/organizations")


async def test_what_is_asked_twice_or_has_nothing_to_wait_for_stops_at_once(platform: Platform) -> None:
    async with serving(platform, 0) as (server, _, task):
        server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(task, 60)
    async with serving(platform, 600) as (server, _, task):
        for _ in range(2):
            server.handle_exit(signal.SIGTERM, None)
        await asyncio.wait_for(task, 60)


def test_ctrl_c_leaves_no_trace() -> None:
    @contextlib.asynccontextmanager
    async def interrupted(_: FastAPI) -> AsyncIterator[None]:
        asyncio.get_running_loop().call_later(0.1, signal.raise_signal, signal.SIGINT)
        yield

    app = FastAPI(lifespan=interrupted)
    DrainingServer(uvicorn.Config(app, port=0), app, 60).run()
