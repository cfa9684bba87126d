"""A primary, a replica and three Sentinels of a test's own, as a provider runs them: with users and passwords."""

import asyncio
import socket
from pathlib import Path
from typing import Any

from redis.exceptions import RedisError, ResponseError

from luotsi.embedded.servers import Server
from luotsi.embedded.valkey import server_binary
from luotsi.platform.process import ProcessSpec
from luotsi.platform.redis_acl import USERS, acl_rules
from shared.redis import connect

NAME = "luotsi"
_SECRET = "secret"


def failover_rules(password: str) -> list[str]:
    """The two further users: as whom a replica follows, and as whom Sentinels look and promote."""
    return [
        f"user replica on >{password} +psync +replconf +ping",
        f"user sentinel on >{password} allchannels +multi +slaveof +ping +exec +subscribe +config|rewrite +role"
        " +publish +info +client|setname +client|kill +script|kill",
    ]


class Sentinels:
    """Two data servers, of which the first is the primary at the beginning, and three that watch them."""

    def __init__(self, folder: Path, lock: int) -> None:
        self._folder, self._lock = folder, lock
        ports = _free_ports(5)
        self.ports, self.watchers = ports[:2], ports[2:]
        self.servers = {port: self._server(port, self._data_config(port), ()) for port in self.ports}
        self.sentinels = [self._server(port, self._sentinel_config(port), ("--sentinel",)) for port in self.watchers]
        hosts = ",".join(f"127.0.0.1:{port}" for port in self.watchers)
        self.urls = {
            user: f"redis+sentinel://{user}:{_SECRET}@{hosts}/{NAME}/0?sentinel_password={_SECRET}" for user in USERS
        }

    def _data_config(self, port: int) -> list[str]:
        follows = [] if port == self.ports[0] else [f"replicaof 127.0.0.1 {self.ports[0]}"]
        rules = [*acl_rules(dict.fromkeys(USERS, _SECRET)), *failover_rules(_SECRET)]
        own = ["appendonly yes", "appendfsync everysec", 'save ""', "repl-diskless-sync-delay 0"]
        return [*own, "masteruser replica", f"masterauth {_SECRET}", *rules, *follows]

    def _sentinel_config(self, _: int) -> list[str]:
        return [
            f"requirepass {_SECRET}",
            f"sentinel sentinel-pass {_SECRET}",
            f"sentinel monitor {NAME} 127.0.0.1 {self.ports[0]} 2",
            f"sentinel auth-user {NAME} sentinel",
            f"sentinel auth-pass {NAME} {_SECRET}",
            f"sentinel down-after-milliseconds {NAME} 1000",
            f"sentinel failover-timeout {NAME} 10000",
        ]

    def _server(self, port: int, lines: list[str], further: tuple[str, ...]) -> Server:
        home = self._folder / str(port)
        home.mkdir()
        config = home / "valkey.conf"
        config.write_text("\n".join(["bind 127.0.0.1", f"port {port}", f'dir "{home}"', *lines]) + "\n")
        spec = ProcessSpec(f"valkey-{port}", [server_binary(), str(config), *further], {"LC_ALL": "C.UTF-8"}, home)
        return Server(spec, home / "log", self._lock)

    async def start(self) -> None:
        """Start all, and wait until the Sentinels know each other and the replica, which has caught up."""
        for server in (*self.servers.values(), *self.sentinels):
            server.start()
        async with asyncio.timeout(30):
            for port in self.watchers:
                while not await self._knows_all(port):
                    await asyncio.sleep(0.05)
            while not await self.is_followed():
                await asyncio.sleep(0.05)

    async def _knows_all(self, port: int) -> bool:
        try:
            async with self.at(port) as sentinel:
                state = (await sentinel.sentinel_masters())[NAME]
        except RedisError:
            return False
        return bool(state["num-other-sentinels"] == 2 and state["num-slaves"] == 1)

    def at(self, port: int) -> Any:
        """A connection to one of the servers: to a Sentinel, or as operator to one with data."""
        user = "" if port in self.watchers else "operator"
        return connect(f"redis://{user}:{_SECRET}@127.0.0.1:{port}/0")

    async def is_followed(self) -> bool:
        """Whether the present primary has a replica that has caught up."""
        async with self.at(await self.primary()) as redis:
            info = await redis.info("replication")
        return bool(info["connected_slaves"]) and info["slave0"]["state"] == "online"

    async def primary(self) -> int:
        """The port of the present primary, as the Sentinels know it."""
        async with self.at(self.watchers[0]) as sentinel:
            return int((await sentinel.sentinel_get_master_addr_by_name(NAME))[1])

    async def hand_over(self) -> bool:
        """Have the primary and its replica change places, as for maintenance; False while that cannot be."""
        async with self.at(self.watchers[0]) as sentinel:
            try:
                return bool(await sentinel.sentinel_failover(NAME))
            except ResponseError:
                return False

    async def cut_replication(self, port: int) -> None:
        """What that primary takes from now on reaches its replica no more."""
        async with self.at(port) as redis:
            await redis.acl_setuser("replica", enabled=False, reset=False)
            await redis.execute_command("CLIENT", "KILL", "TYPE", "replica")

    def stop(self) -> None:
        """End all of them; nothing of theirs is kept."""
        for server in (*self.sentinels, *self.servers.values()):
            server.kill()


def _free_ports(count: int) -> list[int]:
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports: list[int] = [each.getsockname()[1] for each in taken]
    for each in taken:
        each.close()
    return ports
