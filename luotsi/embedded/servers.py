"""A PostgreSQL and a Valkey that code of ours starts and stops: for tests and tools."""

import signal
import subprocess
import time
from contextlib import ExitStack
from pathlib import Path

from luotsi.embedded.postgres import Postgres
from luotsi.embedded.valkey import Valkey
from luotsi.platform.data_dir import DataDir
from luotsi.platform.process import PlatformError, ProcessSpec, kill, spawn, stop
from shared.services import service_names

START_PATIENCE = 60.0


class Server:
    """One server process that can be stopped, killed, frozen and started again on the same address."""

    def __init__(self, spec: ProcessSpec, log: Path, lock: int) -> None:
        self._spec = spec
        self._log = log
        self._lock = lock
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id of the running server. RuntimeError when it does not run."""
        if self._process is None:
            raise RuntimeError(f"{self._spec.name} is not running")
        return self._process.pid

    def start(self) -> None:
        """Start the process; it may take a moment until it answers."""
        self._process = spawn(self._spec, self._log, inherit=[self._lock])

    def stop(self) -> None:
        """Shut the server down in an orderly way and wait for it; nothing happens when it is not running."""
        if self._process:
            self.thaw()
            stop(self._process, self._spec.stop_signal)
            self._process = None

    def kill(self) -> None:
        """`kill -9`, as a power cut would; waits until it is gone."""
        if self._process:
            kill(self._process)
            self._process = None

    def freeze(self) -> None:
        """Suspend the server: it keeps its connections and answers nothing."""
        if self._process:
            self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Resume a frozen server."""
        if self._process:
            self._process.send_signal(signal.SIGCONT)


class Servers:
    """The running pair. Also a context manager that stops both at the end.

    `postgres_admin_url` is the superuser's; `database_urls` has one address per service, `owner_urls` that of the
    same database for the role that owns it, `redis_urls` one per service and one for `operator`.
    """

    def __init__(self, data: Path, *, durable: bool, keep: bool) -> None:
        with ExitStack() as cleanup:
            folder = DataDir(data)
            lock = cleanup.enter_context(folder.locked())
            self._postgres = Postgres(folder, durable=durable)
            self._valkey = Valkey(folder, durable=durable)
            self._keep = keep
            self.postgres_admin_url = self._postgres.admin_url
            self.database_urls = self._postgres.database_urls
            self.owner_urls = self._postgres.owner_urls
            self.redis_urls = self._valkey.redis_urls
            self.postgres = Server(self._postgres.process_spec(), folder.log("postgres"), lock)
            self.valkey = Server(self._valkey.process_spec(), folder.log("valkey"), lock)
            self._begin(cleanup)
            self._cleanup = cleanup.pop_all()

    def _begin(self, cleanup: ExitStack) -> None:
        if not self._keep:
            cleanup.callback(self._postgres.remove)
        self._valkey.prepare()
        self.valkey.start()
        cleanup.callback(self.valkey.stop)
        self._postgres.prepare()
        self.postgres.start()
        cleanup.callback(self.postgres.stop)
        self.wait_ready()

    def wait_ready(self) -> None:
        """Block until both servers answer, as after a restart. PlatformError when one does not."""
        deadline = time.monotonic() + START_PATIENCE
        while not (all(map(self._postgres.bootstrap, service_names())) and self._valkey.answers()):
            if time.monotonic() > deadline:
                raise PlatformError("the embedded servers do not answer")
            time.sleep(0.02)

    def stop(self) -> None:
        """Stop both, and leave nothing behind of a pair that is not kept but its (small) data directory."""
        self._cleanup.close()

    def __enter__(self) -> "Servers":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def start_servers(data: Path, *, durable: bool, keep: bool | None = None) -> Servers:
    """Start a PostgreSQL and a Valkey with their files in `data` and wait until both answer.

    `durable=False` gives up every promise against crashes of the machine for speed. `keep` says whether the database
    stays when they are stopped; it does where it is durable, unless told otherwise. Raises PlatformError when a server
    cannot be started.
    """
    return Servers(data, durable=durable, keep=durable if keep is None else keep)
