"""Endless tasks that live and end together."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any


async def run_task_group(*work: Coroutine[Any, Any, None]) -> None:
    """Run until cancelled, or until one fails; then all end. Raises a BaseExceptionGroup of the failures.

    Unlike a TaskGroup it cancels again whoever goes on: a cancellation that reaches a task inside a
    database driver's connecting can get lost there, and a process would never end.
    """
    tasks = [asyncio.create_task(one) for one in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
    finally:
        while unfinished := [task for task in tasks if not task.done()]:
            for task in unfinished:
                task.cancel()
            # Whoever cancels again meanwhile wants what is being done: nobody may be left behind, still at work.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(unfinished, timeout=1)
    failures = [error for task in tasks if not task.cancelled() and (error := task.exception())]
    if failures:
        raise BaseExceptionGroup("a task failed", failures)
