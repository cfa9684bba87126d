"""Task queues to compare with: each in an environment of its own, since some of them hold redis-py back."""

import asyncio
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path

PEERS = ("celery", "taskiq")
_HERE = Path(__file__).resolve().parent
# Tried on two cores with 1, 2 and 4 worker processes; these were the quickest of what is listed in docs/performance.md.
_CELERY = ["--without-gossip", "--without-mingle", "--without-heartbeat", "-l", "ERROR"]
_CONNECTIONS = {"celery": 8, "taskiq": 8}


def install(name: str, folder: Path) -> Path:
    """The peer's environment below `folder`, made when there is none for these requirements; returns its bin."""
    home, wanted = folder / f"peer-{name}", _HERE / name / "requirements.txt"
    installed = home / "installed.txt"
    if not installed.exists() or installed.read_text() != wanted.read_text():
        print(f"Installing {name} into {home} …", flush=True)
        venv.create(home, clear=True, with_pip=False)
        uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "-q", "--require-hashes"]
        only = ["--only-binary", ":all:", "--python", str(home / "bin/python"), "-r", str(wanted)]
        subprocess.run([*uv, *only], check=True)
        installed.write_text(wanted.read_text())
    return home / "bin"


class Peer:
    """One peer at work: `workers` processes that take tasks, and one that sends them."""

    def __init__(self, name: str, binaries: Path, workers: int, urls: tuple[str, str], tasks: Path, log: Path) -> None:
        self._name, self._bin = name, binaries
        self._workers, self._tasks = workers, tasks
        self._environment = {
            "PATH": os.environ["PATH"],
            "REDIS_URL": urls[0],
            "DATABASE_URL": urls[1],
            "CONNECTIONS": str(_CONNECTIONS[name]),
        }
        self._log = log.open("ab")
        self._running: list[subprocess.Popen[str]] = []

    @property
    def pids(self) -> list[int]:
        """The processes, without their children."""
        return [process.pid for process in self._running]

    async def start(self) -> None:
        """Start all of it; workers may still be loading afterwards."""
        self._running = [self._start(command) for command in self._commands(self._workers)]
        sender = [str(self._bin / "python"), "tasks.py", str(self._tasks)]
        self._sender = self._start(sender, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._running.append(self._sender)
        await asyncio.to_thread(self._answer)

    def _commands(self, workers: int) -> list[list[str]]:
        if self._name == "taskiq":
            several = ["--workers", str(workers), "--max-async-tasks", "64", "--max-prefetch", "64"]
            return [[str(self._bin / "taskiq"), "worker", "tasks:broker", *several, "--log-level", "ERROR"]]
        threads = ["--pool", "threads", "--concurrency", str(_CONNECTIONS["celery"])]
        command = [str(self._bin / "celery"), "-A", "tasks", "worker", *_CELERY, *threads]
        return [[*command, "-n", f"bench{number}@localhost"] for number in range(workers)]

    def _start(self, command: list[str], **pipes: int) -> "subprocess.Popen[str]":
        where = {"cwd": _HERE / self._name, "env": self._environment, "text": True, "start_new_session": True}
        return subprocess.Popen(command, stderr=self._log, **({"stdout": self._log} | where | pipes))  # type: ignore[call-overload,no-any-return]

    def _answer(self) -> None:
        assert self._sender.stdout
        if not self._sender.stdout.readline():
            raise RuntimeError(f"the sender of {self._name} ended; see {self._log.name}")

    async def send(self, begin: int, end: int) -> None:
        """Begin to send the tasks of those lines; does not wait until they are sent."""
        assert self._sender.stdin
        self._sender.stdin.write(f"{begin} {end}\n")
        self._sender.stdin.flush()

    def stop(self) -> None:
        """Kill all of it."""
        for process in self._running:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._log.close()
