"""The platform under test: what `luotsi up` runs, in a directory of its own, with everything in reach of the faults."""

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg

from luotsi.embedded.platform import Platform
from luotsi.platform.data_dir import DataDir, read_json
from luotsi.platform.process import ProcessSpec
from luotsi.platform.process_specs import free_port_base
from luotsi.platform.supervisor import Child, Supervisor
from luotsi.platform.target import Target
from shared.redis import RawRedis, connect
from shared.services import SERVICES
from tests.faults.injection_points import Points
from tests.faults.poison import Poison
from tests.faults.proxy import Proxy
from tests.flows.mail_server import MailServer

WORKERS = tuple(f"{service.name}-worker" for service in SERVICES if "worker" in service.processes)
WEBS = tuple(f"{service.name}-web" for service in SERVICES if "web" in service.processes)
PATIENCE = 240.0
"""Seconds that anything may take to get over a fault, and anybody waits for an answer, before that counts as never."""
WAL_SIZE = "128MB"
"""So that the databases of a long run stay within the small file system that they lie on."""


class Hands(Supervisor):
    """A supervisor that starts service processes under watch, and behind the proxies."""

    def __init__(self, data: DataDir, lock: int, folder: Path, smtp_url: str) -> None:
        super().__init__(data, lock)
        self._environment = {"FAULTS": str(folder), "MAIL_FROM": "luotsi@kuopio.example"}
        self._environment |= {"ACCOUNT_REQUESTS_PER_MINUTE": "100000", "ADDRESS_REQUESTS_PER_MINUTE": "100000"}
        self._smtp_url = smtp_url
        self.mail_as_files = False
        self.specs: dict[str, ProcessSpec] = {}
        self.children: dict[str, Child] = {}
        self.through: dict[str, Proxy] = {}
        self.variants: dict[str, str] = {}
        self.before_start: dict[str, Callable[[], None]] = {}
        self.starts = 0

    async def launch(self, spec: ProcessSpec) -> Child:
        """Start a process as the platform wants it, but for what the rig puts in between."""
        self.specs[spec.name] = spec
        if spec.argv[-1].startswith("services."):
            spec = self._under_watch(spec)
        elif spec.name == "postgres":
            spec = replace(spec, argv=[*spec.argv, "-c", f"max_wal_size={WAL_SIZE}"])
        if ready := self.before_start.pop(spec.name, None):
            ready()
        self.starts += 1
        child = await super().launch(spec)
        self.children[spec.name] = child
        return child

    def _under_watch(self, spec: ProcessSpec) -> ProcessSpec:
        python, dash_m, module = spec.argv
        urls = {}
        for kind, name in (("postgres", "DATABASE_URL"), ("valkey", "REDIS_URL")):
            url = spec.env[name]
            urls[name] = url.replace(f":{urlsplit(url).port}/", f":{self.through[kind].port}/")
        own = {"PROCESS": spec.name, "VARIANT": self.variants.get(spec.name, "")}
        own["SMTP_URL"] = "" if self.mail_as_files else self._smtp_url
        argv = [python, dash_m, "tests.faults.process", module]
        return replace(spec, argv=argv, forked=False, env={**spec.env, **self._environment, **urls, **own})

    def signal(self, name: str, what: int) -> None:
        """Send a signal to a process, should it be there; to the process alone, not to what it started."""
        with contextlib.suppress(ProcessLookupError):
            if (child := self.children[name]).poll() is None:
                os.kill(child.pid, what)

    def running(self, name: str) -> bool:
        """Whether the process is there at this moment."""
        return name in self.children and self.children[name].poll() is None


@dataclass
class Lab:
    """One platform, and all that the rig reaches into it with, past the proxies."""

    data: DataDir
    hands: Hands
    target: Target
    mail: MailServer
    points: Points
    postgres: Proxy
    valkey: Proxy
    redis: RawRedis
    urls: dict[str, str]
    filed: dict[str, bytes] = field(default_factory=dict)
    """Mail that was kept as files: delivery → the file, read once the folder was done with."""
    poison: Poison = field(default_factory=Poison)

    @property
    def folder(self) -> Path:
        """Where rig and processes leave notes for each other."""
        return self.points.folder

    async def query(self, service: str, sql: str, *arguments: object, as_owner: bool = False) -> list[asyncpg.Record]:
        """Rows of a service's database, as its own role; `as_owner` may change what that role may not."""
        url = self.target.owner_url(service) if as_owner else self.target.database_url(service)
        connection = await asyncpg.connect(url, timeout=5)
        try:
            return list(await connection.fetch(sql, *arguments, timeout=30))
        finally:
            await connection.close()

    def superuser_url(self) -> str:
        """The address for PostgreSQL's own account."""
        port = urlsplit(self.target.database_url("catalog")).port
        return f"postgresql://postgres:{self.data.secret('postgres_postgres')}@127.0.0.1:{port}/postgres"

    async def settled_servers(self) -> None:
        """Wait until both servers answer again. Raises TimeoutError, which says what the last try met."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                await self.query("catalog", "SELECT 1")
                await asyncio.wait_for(self.redis.ping(), 5)
                return
            except Exception as error:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"a server was away for {PATIENCE:.0f} s: {error!r}") from error
                await asyncio.sleep(0.2)

    def worker_like(self, service: str, number: int) -> ProcessSpec:
        """One more worker of a service, as when it is scaled out."""
        spec = self.hands.specs[f"{service}-worker"]
        name = f"{service}-worker-{number}"
        own = {"WORKER_NAME": name, "HEARTBEAT_FILE": str(self.data.root / f"{name}.heartbeat")}
        return replace(spec, name=name, env={**spec.env, **own})


@asynccontextmanager
async def running_lab(root: Path) -> AsyncIterator[Lab]:
    """A platform in `root` while the block runs. Raises PlatformError when it does not start."""
    data = DataDir(root)
    folder = root / "faults"
    folder.mkdir(mode=0o700)
    async with MailServer() as mail:
        with data.locked() as lock:
            hands = Hands(data, lock, folder, mail.url)
            platform = Platform(data, free_port_base(), hands)
            postgres, valkey = await _proxies(data, hands)
            try:
                facts, _ = await platform.start()
                redis = connect(facts["redis"], socket_timeout=5, socket_connect_timeout=5)
                target = Target(root, {}, facts)
                urls = {service.name: facts[service.name] for service in SERVICES}
                yield Lab(data, hands, target, mail, Points(folder), postgres, valkey, redis, urls)
                await redis.aclose()
            finally:
                for name in hands.children:
                    hands.signal(name, signal.SIGCONT)
                await platform.stop()
                await postgres.stop()
                await valkey.stop()


async def _proxies(data: DataDir, hands: Hands) -> tuple[Proxy, Proxy]:
    """Proxies in front of the servers, at whose ports the platform has just decided."""
    proxies = {}
    ports = read_ports(data)
    for kind in ("postgres", "valkey"):
        proxies[kind] = hands.through[kind] = Proxy(ports[kind])
        await proxies[kind].start()
    return proxies["postgres"], proxies["valkey"]


def read_ports(data: DataDir) -> dict[str, int]:
    """The ports of the servers, as the data directory remembers them."""
    return {name: int(port) for name, port in read_json(data.root / "ports.json").items()}
