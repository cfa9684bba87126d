"""`luotsi up`: starts the whole platform, keeps it running until it is told to stop, and stops it."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

from luotsi.embedded.platform import Platform
from luotsi.platform.data_dir import DataDir
from luotsi.platform.supervisor import Supervisor
from luotsi.platform.tokens import Member

ShowReady = Callable[[dict[str, Any], list[Member]], None]
"""Takes what platform.json says, and the accounts to try the platform with."""


async def run(folder: Path, port_base: int, show_ready: ShowReady) -> None:
    """Run the platform in `folder` until SIGINT, SIGTERM or SIGHUP.

    `show_ready` is called once, when everything is ready. Raises PlatformError when the platform cannot be started.
    """
    task = asyncio.current_task()
    assert task is not None
    stopping = asyncio.Event()

    def interrupt() -> None:
        if not stopping.is_set():
            stopping.set()
            task.cancel()

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if name != signal.SIGHUP or signal.getsignal(name) != signal.SIG_IGN:  # nohup stays nohup
            asyncio.get_running_loop().add_signal_handler(name, interrupt)
    data = DataDir(folder)
    with data.locked() as lock:
        platform = Platform(data, port_base, Supervisor(data, lock))
        try:
            show_ready(*await platform.start())
            await platform.watch()
        except asyncio.CancelledError:
            if not stopping.is_set():
                raise
        finally:
            await platform.stop()
