"""What monitors ask a worker, on a port of its own: alive, and the figures."""

import contextlib
import logging
import socket
from collections.abc import Iterator

import uvicorn
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.consuming.service_watch import ServiceWatch, Shared
from shared.consuming.watchdog import Watchdog
from shared.figures import as_prometheus
from shared.version import VERSION

log = logging.getLogger(__name__)

STUCK_AFTER_SECONDS = 60.0
"""The watchdog looks every two seconds, and gives a server that is away 20 seconds: after this time it hangs."""


class Monitor:
    """Answers `/livez` and `/metrics` in a worker.

    A server that is away leaves the worker alive: it waits, and starting it again would help nobody.
    """

    def __init__(self, host: str, port: int, watch: ServiceWatch, watchdog: Watchdog) -> None:
        self._host = host
        self._port = port
        self._watchdog = watchdog
        self._observed = Shared(watch.look)

    async def run(self) -> None:
        """Answer until cancelled. Raises OSError when the port is taken."""
        with contextlib.closing(socket.create_server((self._host, self._port), reuse_port=False)) as listening:
            log.info("figures on port %s", self._port)
            app = Starlette(routes=[Route("/livez", self._livez), Route("/metrics", self._metrics)])
            config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1)
            server = _Server(config)
            try:
                await server.serve(sockets=[listening])
            finally:
                for each in server.servers:
                    each.close()

    async def _livez(self, _: Request) -> Response:
        stuck = self._watchdog.seconds_since_look > STUCK_AFTER_SECONDS
        state = "stuck" if stuck else "alive"
        return JSONResponse({"status": state, "version": VERSION}, 503 if stuck else 200)

    async def _metrics(self, _: Request) -> Response:
        found = as_prometheus((await self._observed()).figures)
        return Response(generate_latest() + found, media_type=CONTENT_TYPE_LATEST)


class _Server(uvicorn.Server):
    """Leaves signals to the worker, which ends it with all else."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


__all__ = ["STUCK_AFTER_SECONDS", "Monitor"]
