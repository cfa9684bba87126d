"""Embedded PostgreSQL: one cluster, and in it one database per service, with an owner and a role that works in it."""

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from luotsi.embedded.account import SHELTER, binaries, database_folder, server_account
from luotsi.embedded.stale_pid import make_way
from luotsi.platform.data_dir import DataDir
from luotsi.platform.process import PlatformError, ProcessSpec, as_account
from shared.services import service_names

_SUPERUSER = "postgres"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    # A small machine's share: the whole platform is meant to fit into 900 MB.
    "max_connections": "100",
    "shared_buffers": "48MB",
    "io_method": "sync",
    "max_wal_senders": "0",
    "wal_level": "minimal",
}
_THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "200",
}


_PSQL_NO_CONNECTION = 2
_PUBLIC_LOCK = 7205759403792795


class Postgres:
    """One cluster in a data directory. With `durable=False` a crash may lose data; it is quicker (tests)."""

    def __init__(self, data: DataDir, *, durable: bool = True) -> None:
        self._data = data
        self._durable = durable
        self._account = server_account()
        self._bin = binaries(self._account)
        shelter = SHELTER if durable else Path(tempfile.gettempdir())
        self._folder = database_folder(data.postgres, self._account, shelter)
        self.port = data.port("postgres")
        self.admin_url = self._url(_SUPERUSER, "postgres")
        self.database_urls = {service: self._url(service, service) for service in service_names()}
        self.owner_urls = {service: self._url(owner_of(service), service) for service in service_names()}

    def _url(self, role: str, database: str) -> str:
        return f"postgresql://{role}:{self._password(role)}@127.0.0.1:{self.port}/{database}"

    def _password(self, role: str) -> str:
        return self._data.secret(f"postgres_{role}")

    def prepare(self) -> None:
        """Create the cluster, in about a second, unless there is one whose creation was not interrupted.

        Raises PlatformError when a server runs on it.
        """
        marker = self._folder / "luotsi-ready"
        make_way(self._folder)
        if marker.exists():
            return
        for leftover in self._folder.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        # Beside the cluster, since the server's account gets there.
        with tempfile.NamedTemporaryFile("w", prefix="luotsi-", dir=self._folder.parent) as password:
            password.write(self._password(_SUPERUSER))
            password.flush()
            if self._account:
                os.chown(password.name, self._account.uid, self._account.gid)
            self._initdb(Path(password.name))
        marker.touch()

    def _initdb(self, password_file: Path) -> None:
        command = [str(self._bin / "initdb"), "-D", str(self._folder), "-U", _SUPERUSER]
        locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        sync = [] if self._durable else ["--no-sync"]
        done = subprocess.run(
            [*command, *locale, "--auth=scram-sha-256", f"--pwfile={password_file}", *sync],
            env=_ENVIRONMENT,
            cwd=self._folder,
            capture_output=True,
            text=True,
            check=False,
            **as_account(self._account),
        )
        if done.returncode != 0:
            raise PlatformError(f"PostgreSQL could not create its files: {done.stderr.strip()}")

    def process_spec(self) -> ProcessSpec:
        """How the server is run. It stops at once on SIGINT, and crashes cleanly with its parent."""
        settings = _SETTINGS | {"port": str(self.port)} | ({} if self._durable else _THROWAWAY)
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return ProcessSpec(
            name="postgres",
            argv=[str(self._bin / "postgres"), "-D", str(self._folder), *options],
            env=_ENVIRONMENT,
            cwd=self._folder,
            account=self._account,
            stop_signal=signal.SIGINT,
            death_signal=signal.SIGQUIT,
        )

    def bootstrap(self, service: str) -> bool:
        """Give the service its database and both its roles; False when the server does not answer yet.

        Safe to repeat, and to do for several services at once; a cluster of an older version gets what it lacks. Raises
        PlatformError when the server refuses.
        """
        roles = (service, owner_of(service))
        sql = "".join(_role_sql(role, self._password(role)) for role in roles)
        done = self._psql(sql + _database_sql(service, owner_of(service)))
        if "password authentication failed" in done.stderr:
            raise PlatformError(
                f"{self._data.root / 'secrets.json'} has another password than this PostgreSQL was made with: "
                "take the file from your copy"
            )
        if done.returncode in (0, _PSQL_NO_CONNECTION):
            return done.returncode == 0
        raise PlatformError(f"PostgreSQL refuses: {done.stderr.strip()} (its log: {self._data.log('postgres')})")

    def _psql(self, script: str) -> subprocess.CompletedProcess[str]:
        command = ["-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(
            [str(self._bin / "psql"), *command, "-U", _SUPERUSER, "-d", "postgres"],
            input=script,
            env=_ENVIRONMENT | {"PGPASSWORD": self._password(_SUPERUSER)},
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
        )

    def remove(self) -> None:
        """Delete the cluster's files. The server must be stopped."""
        shutil.rmtree(self._folder, ignore_errors=True)
        if self._data.postgres.is_symlink():
            self._data.postgres.unlink()


def owner_of(service: str) -> str:
    """The role that owns the service's database. Only the operator's commands use it."""
    return f"{service}_owner"


def _role_sql(role: str, password: str) -> str:
    # Names and passwords are our own and need no quoting. What deploy/postgres/databases.sh does in containers.
    return f"""
        SELECT 'CREATE ROLE {role} LOGIN' WHERE to_regrole('{role}') IS NULL \\gexec
        ALTER ROLE {role} PASSWORD '{password}';
        """


def _database_sql(service: str, owner: str) -> str:
    return f"""
        SELECT 'CREATE DATABASE {service} OWNER {owner}'
         WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = '{service}') \\gexec
        ALTER DATABASE {service} OWNER TO {owner};
        SELECT pg_advisory_lock({_PUBLIC_LOCK});  -- services are prepared side by side
        REVOKE CONNECT ON DATABASE postgres, template1 FROM PUBLIC;
        SELECT pg_advisory_unlock({_PUBLIC_LOCK});
        REVOKE ALL ON DATABASE {service} FROM PUBLIC;
        GRANT CONNECT ON DATABASE {service} TO {service};
        \\connect {service}
        REASSIGN OWNED BY {service} TO {owner};
        \\connect postgres
        """  # noqa: S608
