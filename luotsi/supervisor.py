"""The supervisor: keeps child processes running, and stops them all in order."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

from luotsi.data_dir import DataDir, write_private
from luotsi.process import PlatformError, Program, kill, spawn

Popen = subprocess.Popen[bytes]

_FIRST_PAUSE = 0.2
_LONGEST_PAUSE = 5.0
_STEADY_SECONDS = 10.0
_FUTILE_STARTS = 5


def say(message: str) -> None:
    """Tell the operator, on standard error."""
    print(message, file=sys.stderr, flush=True)


class Process:
    """One supervised program: started again with growing pauses until it is told to stop."""

    def __init__(self, program: Program, supervisor: "Supervisor") -> None:
        self.program = program
        self.futile_starts = 0
        self._supervisor = supervisor
        self._child: Popen | None = None
        self._stopping = asyncio.Event()
        self.task = asyncio.create_task(self._keep(), name=program.name)

    async def _keep(self) -> None:
        pause = _FIRST_PAUSE
        while not self._stopping.is_set():
            begun = time.monotonic()
            self._child = self._supervisor.launch(self.program)
            code = await ended(self._child)
            if self._stopping.is_set():
                return
            if time.monotonic() - begun > _STEADY_SECONDS:
                pause, self.futile_starts = _FIRST_PAUSE, 0
            self.futile_starts += 1
            say(f"{self.program.name} ended ({_describe(code)}); starting it again")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def stop(self, grace: float) -> None:
        """Ask the program to stop; kill it with all it started after `grace` seconds."""
        self._stopping.set()
        if self._child:
            self._child.send_signal(self.program.stop_signal)
        _, late = await asyncio.wait([self.task], timeout=grace)
        if late and self._child:
            say(f"{self.program.name} did not stop in time and is killed")
            kill(self._child)


class Supervisor:
    """All processes of one platform. `lock` is the data directory's, which every child holds too."""

    def __init__(self, data: DataDir, lock: int) -> None:
        self._data = data
        self._lock = lock
        self._processes: dict[str, Process] = {}
        self._pids: dict[str, int] = {}

    def start(self, program: Program) -> None:
        """Run the program from now on."""
        self._processes[program.name] = Process(program, self)

    def launch(self, program: Program, stdin: int = subprocess.DEVNULL) -> Popen:
        """Start the program once, and write down its process id in processes.json."""
        child = spawn(program, self._data.log(program.name), inherit=[self._lock], stdin=stdin)
        self._pids[program.name] = child.pid
        write_private(self._data.root / "processes.json", json.dumps(self._pids) + "\n")
        return child

    def check(self) -> None:
        """Raise PlatformError when a program keeps ending right after its start."""
        for process in self._processes.values():
            if process.futile_starts >= _FUTILE_STARTS:
                raise PlatformError(self.explain(process.program.name, "keeps ending right after its start"))

    async def watch(self) -> None:
        """Return when nothing is left to supervise; raises what made supervision itself fail."""
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


async def ended(child: Popen) -> int:
    """Wait for the end of a process; returns its exit code."""
    while (code := child.poll()) is None:
        await asyncio.sleep(0.05)
    return code


def _describe(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
