"""The supervisor: keeps child processes running, and stops them all in order."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterable

from luotsi.data_dir import DataDir, write_private
from luotsi.process import PlatformError, Program, kill, spawn

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
        self._supervisor = supervisor
        self._child: subprocess.Popen[bytes] | None = None
        self._stopping = False
        self.futile_starts = 0

    @property
    def pid(self) -> int | None:
        """Process id; None between a death and the next start."""
        return self._child.pid if self._child and self._child.returncode is None else None

    async def keep(self) -> None:
        """Run the program over and over; returns once it has been stopped."""
        pause = _FIRST_PAUSE
        while not self._stopping:
            begun = time.monotonic()
            self._child = self._supervisor.spawn(self.program)
            code = await _ended(self._child)
            if self._stopping:
                return
            if time.monotonic() - begun > _STEADY_SECONDS:
                pause, self.futile_starts = _FIRST_PAUSE, 0
            self.futile_starts += 1
            say(f"{self.program.name} ended ({_describe(code)}); starting it again")
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def stop(self, grace: float) -> None:
        """Ask the program to stop; kill it with all it started after `grace` seconds."""
        self._stopping = True
        child = self._child
        if child is None or child.poll() is not None:
            return
        child.send_signal(self.program.stop_signal)
        try:
            await asyncio.wait_for(_ended(child), grace)
        except TimeoutError:
            say(f"{self.program.name} did not stop in time and is killed")
            kill(child)


class Supervisor:
    """All processes of one platform. `lock` is the data directory's, which every child holds too."""

    def __init__(self, data: DataDir, lock: int) -> None:
        self._data = data
        self._lock = lock
        self._processes: dict[str, Process] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, program: Program) -> None:
        """Run the program from now on."""
        process = self._processes[program.name] = Process(program, self)
        self._tasks.add(asyncio.create_task(process.keep(), name=program.name))

    def spawn(self, program: Program, stdin: int = subprocess.DEVNULL) -> subprocess.Popen[bytes]:
        """Start the program once, unsupervised."""
        child = spawn(program, self._data.log(program.name), inherit=[self._lock], stdin=stdin)
        pids = {name: process.pid for name, process in self._processes.items()} | {program.name: child.pid}
        write_private(self._data.root / "processes.json", json.dumps(pids) + "\n")
        return child

    def check(self) -> None:
        """Raise PlatformError when a program keeps ending right after its start."""
        for process in self._processes.values():
            if process.futile_starts >= _FUTILE_STARTS:
                raise PlatformError(self.explain(process.program.name, "keeps ending right after its start"))

    async def watch(self) -> None:
        """Return when nothing is left to supervise; raises what made supervision itself fail."""
        await asyncio.gather(*self._tasks)

    def explain(self, name: str, what: str) -> str:
        """`what` happened to the process, with the last lines of its log."""
        log = self._data.log(name)
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:] if log.exists() else []
        return "\n".join([f"{name} {what}; the end of {log}:", *(f"  {line}" for line in tail)])

    async def stop(self, names: Iterable[str] | None = None, *, grace: float) -> None:
        """Stop the processes of these names (all by default) at the same time."""
        chosen = self._processes.keys() if names is None else names
        running = [self._processes[name] for name in chosen if name in self._processes]
        await asyncio.gather(*(process.stop(grace) for process in running))


async def _ended(child: subprocess.Popen[bytes]) -> int:
    while (code := child.poll()) is None:
        await asyncio.sleep(0.05)
    return code


def _describe(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
