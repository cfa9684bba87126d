"""A process of its own beside those of the services: it works until it is stopped, and shows that it lives."""

import asyncio
import logging
import os
import signal
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from prometheus_client import start_http_server

from luotsi.platform.process import PlatformError
from shared import telemetry
from shared.task_group import run_task_group

log = logging.getLogger(__name__)

_BEAT_SECONDS: Final = 5.0


def run_until_stopped(name: str, work: Coroutine[Any, Any, None], is_well: Callable[[], bool] = lambda: True) -> None:
    """Be a process that does `work` until SIGTERM or SIGINT; `name` stands in its log.

    The file that HEARTBEAT_FILE names is touched every five seconds while `is_well`. Where METRICS_PORT names a port,
    monitors get the figures of this process there. PlatformError when that port cannot be had.
    """
    telemetry.configure_logging(name, os.environ.get("LOG_LEVEL", "INFO"))
    _tell_figures(os.environ.get("METRICS_PORT") or "0")
    heartbeat = os.environ.get("HEARTBEAT_FILE")
    try:
        asyncio.run(_until_stopped(work, is_well, Path(heartbeat) if heartbeat else None))
    except asyncio.CancelledError:
        log.info("stopped")


def _tell_figures(port: str) -> None:
    try:
        if int(port):
            start_http_server(int(port), os.environ.get("HOST", "127.0.0.1"))
    except (OSError, OverflowError, ValueError) as error:
        raise PlatformError(f"METRICS_PORT {port} cannot be listened on: {error}") from None


async def _until_stopped(work: Coroutine[Any, Any, None], is_well: Callable[[], bool], heartbeat: Path | None) -> None:
    task = asyncio.current_task()
    assert task is not None
    for name in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(name, task.cancel)
    await run_task_group(_beat(is_well, heartbeat), work)


async def _beat(is_well: Callable[[], bool], heartbeat: Path | None) -> None:
    while heartbeat:
        if is_well():
            heartbeat.touch()  # noqa: ASYNC240 - a file in memory, or on this machine
        await asyncio.sleep(_BEAT_SECONDS)
