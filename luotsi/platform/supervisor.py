"""The supervisor: keeps child processes running, and stops them all in order."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Coroutine, Iterable
from typing import Any, TypeVar

from luotsi.platform.data_dir import DataDir, write_private
from luotsi.platform.fork_client import ForkClient, ForkedProcess
from luotsi.platform.process import PlatformError, ProcessSpec, kill, spawn

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_STEADY_SECONDS = 10.0
_FUTILE_STARTS = 5

T = TypeVar("T")


class SpawnedProcess:
    """A process that was started from its executable file: a child of this process."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self.pid = child.pid
        self._child = child
        self.poll = child.poll
        self.send_signal = child.send_signal

    async def ended(self) -> int:
        """Wait for its end; returns its exit code, or minus the signal that ended it."""
        while (code := self.poll()) is None:
            await asyncio.sleep(0.05)
        return code

    def kill(self) -> None:
        """Kill it and everything in its session."""
        kill(self._child)


Child = SpawnedProcess | ForkedProcess


def say(message: str) -> None:
    """Tell the operator, on standard error."""
    print(message, file=sys.stderr, flush=True)


class SupervisedProcess:
    """One process that is kept running: started again, after growing pauses, until it is stopped."""

    def __init__(self, spec: ProcessSpec, supervisor: "Supervisor") -> None:
        self._spec = spec
        self._supervisor = supervisor
        self._child: Child | None = None
        self._stopping = asyncio.Event()
        self.task = asyncio.create_task(self._keep(), name=spec.name)

    async def _keep(self) -> None:
        pause, futile_starts = _FIRST_PAUSE, 0
        while not self._stopping.is_set():
            begun = time.monotonic()
            self._child = await self._supervisor.launch(self._spec)
            code = await self._child.ended()
            self._child = None
            if self._stopping.is_set():
                return
            if time.monotonic() - begun > _STEADY_SECONDS:
                pause, futile_starts = _FIRST_PAUSE, 0
            futile_starts += 1
            if futile_starts == _FUTILE_STARTS:
                self._supervisor.give_up(self._spec.name)
            say(f"{self._spec.name} ended ({_describe(code)}); starting it again")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def stop(self, grace: float) -> None:
        """Ask the process to stop; kill it with all that it started after `grace` seconds."""
        self._stopping.set()
        if self._child:
            self._child.send_signal(self._spec.stop_signal)
        else:
            self.task.cancel()
        _, late = await asyncio.wait([self.task], timeout=grace)
        if late and self._child:
            say(f"{self._spec.name} did not stop in time and is killed")
            self._child.kill()


class Supervisor:
    """All processes of one platform. `lock` is the data directory's, which every child holds too."""

    def __init__(self, data: DataDir, lock: int) -> None:
        self._data = data
        self._lock = lock
        self._fork_client = ForkClient()
        self._processes: dict[str, SupervisedProcess] = {}
        self._pids: dict[str, int] = {}
        self._given_up: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def start(self, spec: ProcessSpec) -> None:
        """Keep the process running from now on."""
        self._processes[spec.name] = SupervisedProcess(spec, self)

    async def run(self, spec: ProcessSpec) -> None:
        """Run the process once, to its end. PlatformError when it fails."""
        child = await self.launch(spec)
        try:
            if await child.ended() != 0:
                raise PlatformError(self.explain(spec.name, "did not succeed"))
        finally:
            if child.poll() is None:
                child.kill()

    async def launch(self, spec: ProcessSpec) -> Child:
        """Start the process, a forked one as soon as there is a fork server; its id goes into processes.json."""
        log = self._data.log(spec.name)
        child: Child
        if spec.forked:
            child = await self._fork_client.fork(spec, log)
        elif spec.is_fork_server:
            with await self._fork_client.connect() as link:
                child = SpawnedProcess(spawn(spec, log, inherit=[self._lock], stdin=link.fileno()))
        else:
            child = SpawnedProcess(spawn(spec, log, inherit=[self._lock]))
        self._pids[spec.name] = child.pid
        write_private(self._data.root / "processes.json", json.dumps(self._pids) + "\n")
        return child

    def give_up(self, name: str) -> None:
        """Note that the process of that name keeps ending right after its start."""
        if not self._given_up.done():
            self._given_up.set_result(name)

    async def unless_futile(self, work: Coroutine[Any, Any, T]) -> T:
        """The outcome of `work`; PlatformError as soon as a process keeps ending right after its start."""
        task = asyncio.create_task(work)
        try:
            both: set[asyncio.Future[Any]] = {task, self._given_up}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise PlatformError(self.explain(self._given_up.result(), "keeps ending right after its start"))
            return task.result()
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def watch(self) -> None:
        """Wait until all processes have been stopped; raises an error of the supervision itself."""
        tasks = [process.task for process in self._processes.values()]
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()

    def explain(self, name: str, what: str) -> str:
        """`what` happened to the process, with the last lines of its log."""
        log = self._data.log(name)
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:] if log.exists() else []
        return "\n".join([f"{name} {what}; the end of {log}:", *(f"  {line}" for line in tail)])

    async def stop(self, names: Iterable[str], *, grace: float) -> None:
        """Stop the processes of these names at the same time."""
        running = [self._processes[name] for name in names if name in self._processes]
        await asyncio.gather(*(process.stop(grace) for process in running))


def _describe(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
