"""An application of the platform on a real server, on loopback: for what HTTP itself does, and outside programs."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI

from shared.web.base import SERVING


@asynccontextmanager
async def served(app: FastAPI) -> AsyncIterator[str]:
    """The address of `app` for as long as the block runs; it is served as a web process is, in the test's own loop."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", **SERVING))
        running = asyncio.create_task(server._serve([listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running
