"""A whole platform as one operator's process runs it: servers, services and workers, in order."""

import asyncio
import json
import os
from collections.abc import Callable, Coroutine
from functools import partial
from http import HTTPStatus
from pathlib import Path
from typing import Any

from luotsi.embedded.own_servers import all_given, given
from luotsi.embedded.postgres import Postgres
from luotsi.embedded.valkey import Valkey
from luotsi.platform.data_dir import DataDir, is_free, write_private
from luotsi.platform.kept_secrets import make_keys, refuse_lost_secrets
from luotsi.platform.key_files import ensure_keys
from luotsi.platform.migrating import is_wanted, standing
from luotsi.platform.probe import readiness
from luotsi.platform.process import PlatformError
from luotsi.platform.process_specs import (
    BACKUP,
    RETENTION,
    Addresses,
    backup_before_changes,
    backups,
    fork_server,
    heartbeat,
    migration,
    retention,
    seeding,
    service_specs,
)
from luotsi.platform.redis_acl import OPERATOR, USERS
from luotsi.platform.supervisor import Supervisor, say
from luotsi.platform.target import Target, checked_redis_url
from luotsi.platform.tokens import Member, fetch_members
from luotsi.retention.schedule import is_on
from shared.services import SERVICES, Service, service_names

_START_PATIENCE = 90.0
_SERVICE_GRACE = 5.0
_WHOLE_GRACE = 8.0
"""What services do not need of it the servers have as well: a busy PostgreSQL has much to write before it ends"""
_SERVERS = ("postgres", "valkey")


class Platform:
    """One platform in a data directory, from its first process to its last."""

    def __init__(self, data: DataDir, port_base: int, supervisor: Supervisor) -> None:
        is_on(os.environ)  # or it says what RETENTION has to be
        refuse_lost_secrets(data)
        make_keys(data)
        self._data = data
        self._supervisor = supervisor
        self._postgres = None if all_given("DATABASE_URL", service_names()) else Postgres(data)
        self._valkey = None if all_given("REDIS_URL", service_names()) else Valkey(data)
        self._addresses = Addresses(port_base, *self._database_urls(), self._redis_urls())

    def _database_urls(self) -> tuple[dict[str, str], dict[str, str]]:
        """Each service's database: as the role that works in it, and as the role that owns it."""
        urls, owners = {}, {}
        for name in service_names():
            if own := given("DATABASE_URL", name):
                urls[name], owners[name] = own, given("OWNER_DATABASE_URL", name) or own
            elif self._postgres:
                urls[name], owners[name] = self._postgres.database_urls[name], self._postgres.owner_urls[name]
        return urls, owners

    def _redis_urls(self) -> dict[str, str]:
        embedded = self._valkey.redis_urls if self._valkey else {}
        urls = {user: given("REDIS_URL", user) or embedded.get(user) for user in USERS}
        if urls[OPERATOR] is None:
            raise PlatformError("the services have a Redis of your own: set REDIS_URL too, for its operator")
        return {user: checked_redis_url(f"REDIS_URL of {user}", url) for user, url in urls.items() if url}

    async def start(self) -> tuple[dict[str, Any], list[Member]]:
        """Start everything; returns what platform.json says and the accounts, once all is ready."""
        _check_ports(self._addresses)
        ensure_keys(self._data.keys)
        self._data.mail.mkdir(mode=0o700, exist_ok=True)
        self._supervisor.start(fork_server())  # it loads while the servers start
        await self._supervisor.unless_futile(self._start())
        facts = self._facts()
        write_private(self._data.platform_file, json.dumps(facts, indent=2) + "\n")
        accounts = "m.active AND o.active AND m.email LIKE '%.example'"
        return facts, await fetch_members(self._addresses.databases["catalog"], accounts)

    async def _start(self) -> None:
        await _run_all(self._start_postgres(), self._start_valkey())
        await self._back_up_before_changes()
        await _run_all(*(self._start_service(service) for service in SERVICES))
        self._supervisor.start(retention(self._data, self._addresses))
        if os.environ.get("BACKUP_TARGET"):
            self._supervisor.start(backups(self._addresses))

    async def _start_postgres(self) -> None:
        if self._postgres:
            await asyncio.to_thread(self._postgres.prepare)
            self._supervisor.start(self._postgres.process_spec())

    async def _start_valkey(self) -> None:
        if self._valkey:
            self._valkey.prepare()
            self._supervisor.start(self._valkey.process_spec())
            await self._until(self._valkey.answers, "valkey")

    async def _back_up_before_changes(self) -> None:
        """Make what databases are missing, and a backup where the tables of one are about to change."""
        if self._postgres:
            for name in service_names():
                await self._until(partial(self._postgres.bootstrap, name), "postgres")
        databases = {f"{name.upper()}_DATABASE_URL": url for name, url in self._addresses.owners.items()}
        target = Target(self._data.root, databases, {})
        there = await asyncio.gather(*(standing(target, name) for name in service_names()))
        if is_wanted(os.environ) and any(each.will_change for each in there):
            await self._supervisor.run(backup_before_changes(self._data, self._addresses))
            say(f"tables change; what they were is in {self._data.log('back-up')}")

    async def _start_service(self, service: Service) -> None:
        """Migrate its database (and seed the catalogue), start its processes, wait until they are ready."""
        await self._supervisor.run(migration(service.name, self._addresses))
        at_work = heartbeat(service.name, self._data)
        at_work.unlink(missing_ok=True)
        for spec in service_specs(service, self._data, self._addresses):
            self._supervisor.start(spec)
        if service.name == "catalog":
            await self._supervisor.run(seeding(self._addresses))
        if "worker" in service.processes:
            await self._until(at_work.exists, f"{service.name}-worker")
        if "web" in service.processes:
            await self._until(lambda: _is_ready(self._addresses.url(service.name)), f"{service.name}-web")

    async def _until(self, answers: Callable[[], bool], name: str) -> None:
        deadline = asyncio.get_running_loop().time() + _START_PATIENCE
        while not await asyncio.to_thread(answers):
            if asyncio.get_running_loop().time() > deadline:
                raise PlatformError(self._supervisor.explain(name, "does not answer"))
            await asyncio.sleep(0.02)

    def _facts(self) -> dict[str, Any]:
        urls = {service: self._addresses.url(service) for service in service_names()}
        return {
            "pid": os.getpid(),
            **urls,
            "databases": dict(self._addresses.databases),
            "owners": dict(self._addresses.owners),
            "redis": self._addresses.redis[OPERATOR],
            "mail_dir": str(self._data.mail),
            "issuer": self._addresses.public_url,
            "signing_key": str(self._data.keys / "signing.json"),
            "retention": os.environ.get("RETENTION", ""),
            "backups": _shown_place(os.environ.get("BACKUP_TARGET", "")),
        }

    async def watch(self) -> None:
        """Keep the processes running until cancelled: one that ends is started again."""
        await self._supervisor.watch()

    async def stop(self) -> None:
        """Stop the services' processes, then the fork server and the database servers; within about eight seconds."""
        self._data.platform_file.unlink(missing_ok=True)
        services = [BACKUP, RETENTION, *(name for service in SERVICES for name in service.process_names)]
        begun = asyncio.get_running_loop().time()
        await self._supervisor.stop(services, grace=_SERVICE_GRACE)
        left = _WHOLE_GRACE - (asyncio.get_running_loop().time() - begun)
        await self._supervisor.stop(["fork-server", *_SERVERS], grace=left)


async def _run_all(*work: Coroutine[Any, Any, None]) -> None:
    """Run all of them at the same time. The first error cancels the others, and is raised as it is, not in a group."""
    try:
        async with asyncio.TaskGroup() as group:
            for one in work:
                group.create_task(one)
    except BaseExceptionGroup as several:
        raise several.exceptions[0] from None


def _is_ready(address: str) -> bool:
    """Whether it can serve with all that it depends on. Work that is late is caught up with by the workers."""
    status, answer = readiness(address)
    return status == HTTPStatus.OK and set(answer["dependencies"].values()) == {"up"}


def _shown_place(target: str) -> str:
    """Where backups go, for commands that are given elsewhere."""
    return target if not target or "://" in target else str(Path(target).absolute())


def _check_ports(addresses: Addresses) -> None:
    for service in SERVICES:
        ports = {"web": addresses.port(service.name), "worker": addresses.worker_port(service.name)}
        for port in (ports[kind] for kind in service.processes if not is_free(ports[kind])):
            raise PlatformError(
                f"port {port} (for {service.name}) is taken: stop what listens there, or choose another range, "
                f"as in `luotsi up --port-base {addresses.port_base + 1000}`"
            )
