"""The platform under test: what `luotsi up` runs, in a directory of its own, with everything in reach of the faults."""

import asyncio
import logging
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from uuid import UUID

import asyncpg

from luotsi.embedded.platform import Platform
from luotsi.platform.data_dir import DataDir, read_json
from luotsi.platform.process import ProcessSpec
from luotsi.platform.process_specs import free_port_base
from luotsi.platform.target import Target
from shared.database.server_settings import server_settings
from shared.redis import RawRedis, connect
from shared.services import SERVICES
from tests.faults.checks.expectations import Finding
from tests.faults.checks.remade import Remade
from tests.faults.hands import Hands
from tests.faults.injection_points import Points
from tests.faults.mail import ChoosyMailServer
from tests.faults.poison import Poison
from tests.faults.proxy import Proxy
from tests.flows.certificates import Authority, server_context

if TYPE_CHECKING:
    from tests.faults.checks.rewound import Rewound

PATIENCE = 240.0
"""Seconds that anything may take to get over a fault, and anybody waits for an answer, before that counts as never."""

MAIL_HOST = "127.0.0.2"
"""The mail server counts as another machine, to which nothing leaves unencrypted."""
LOGIN = ("luotsi", "secret")


@dataclass
class Lab:
    """One platform, and all that the rig reaches into it with, past the proxies."""

    data: DataDir
    hands: Hands
    target: Target
    mail: ChoosyMailServer
    authority: Authority
    points: Points
    postgres: Proxy
    valkey: Proxy
    redis: RawRedis
    urls: dict[str, str]
    filed: dict[str, bytes] = field(default_factory=dict)
    """Mail that was kept as files: delivery → the file, read once the folder was done with."""
    poison: Poison = field(default_factory=Poison)
    found: list[Finding] = field(default_factory=list)
    """What was found wrong by whoever did something that should have gone otherwise."""
    flooded: bool = False
    """So much waits that nobody is to ask again and again what of it is dealt with."""
    rewinding: bool = False
    """A database is about to be taken back: what is looked at from now on need not agree."""
    rewound: "list[Rewound]" = field(default_factory=list)
    """Databases that were taken back."""
    remade: Remade = field(default_factory=Remade)
    """What the notification service made anew when its database had been."""
    copies: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Held while copies are made anew, and while a stranger is spoken of, whom that would take away."""
    forged: set[UUID] = field(default_factory=set)
    """Organisations that were told of and do not exist, and the events that told of them."""

    @property
    def folder(self) -> Path:
        """Where rig and processes leave notes for each other."""
        return self.points.folder

    async def query(self, service: str, sql: str, *arguments: object, as_owner: bool = False) -> list[asyncpg.Record]:
        """Rows of a service's database, as its own role; `as_owner` may change what that role may not."""
        url = self.target.owner_url(service) if as_owner else self.target.database_url(service)
        return await _fetch(await asyncpg.connect(url, timeout=5), sql, arguments)

    async def books(self, service: str, sql: str, *arguments: object) -> list[asyncpg.Record]:
        """The same of what is there together with what retention has taken away as it should."""
        return await _fetch(await self.open_books(service), sql, arguments)

    async def open_books(self, service: str) -> asyncpg.Connection:
        """A connection on which each table has also those rows (`tests/faults/old_rows.py`)."""
        url, settings = self.target.database_url(service), {"search_path": "books, public"}
        return await asyncpg.connect(url, timeout=5, server_settings=settings)

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
        own = {"WORKER_NAME": name, "METRICS_PORT": "0", "HEARTBEAT_FILE": str(self.data.root / f"{name}.heartbeat")}
        return replace(spec, name=name, env={**spec.env, **own})


async def _fetch(connection: asyncpg.Connection, sql: str, arguments: Sequence[object]) -> list[asyncpg.Record]:
    try:
        return list(await connection.fetch(sql, *arguments, timeout=30))
    finally:
        await connection.close()


@asynccontextmanager
async def running_lab(root: Path) -> AsyncIterator[Lab]:
    """A platform in `root` while the block runs. Raises PlatformError when it does not start."""
    data = DataDir(root)
    folder = root / "faults"
    folder.mkdir(mode=0o700)
    authority = Authority(folder)
    logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # it tells at length of each handshake that is broken off
    encrypts = server_context(authority.certificate("mail"))
    async with ChoosyMailServer(host=MAIL_HOST, login=LOGIN, starttls=encrypts, takes_plain=True) as mail:
        with data.locked() as lock:
            hands = Hands(data, lock, folder, mail.url.replace("://", f"://{':'.join(LOGIN)}@"), authority.file)
            platform = Platform(data, free_port_base(), hands)
            postgres, valkey = await _proxies(data, hands)
            try:
                facts, _ = await platform.start()
                redis = connect(facts["redis"], socket_timeout=5, socket_connect_timeout=5)
                target = Target(root, {}, facts)
                urls = {service.name: facts[service.name] for service in SERVICES}
                yield Lab(data, hands, target, mail, authority, Points(folder), postgres, valkey, redis, urls)
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
        probed_after = _probed_after(server_settings()) if kind == "postgres" else None
        proxies[kind] = hands.through[kind] = Proxy(ports[kind], probed_after=probed_after)
        await proxies[kind].start()
    return proxies["postgres"], proxies["valkey"]


def _probed_after(settings: Mapping[str, str]) -> float | None:
    """After how many seconds PostgreSQL learns from the network that nobody is there; None where it does not ask."""
    probes = [int(settings.get(f"tcp_keepalives_{name}", 0)) for name in ("idle", "interval", "count")]
    return probes[0] + probes[1] * probes[2] if all(probes) else None


def read_ports(data: DataDir) -> dict[str, int]:
    """The ports of the servers, as the data directory remembers them."""
    return {name: int(port) for name, port in read_json(data.root / "ports.json").items()}
