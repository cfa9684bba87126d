"""What `luotsi up` runs for the services: the processes of each, and the settings they get."""

import os
import random
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from luotsi.platform.data_dir import DataDir, is_free
from luotsi.platform.process import ProcessSpec
from luotsi.platform.target import whole_environment
from shared.services import SERVICES, ProcessKind, Service, get_service

_SOURCES = Path(__file__).resolve().parents[2]
# Below the ports of the embedded servers.
_PORT_BASES = range(10000, 19980, 20)
_WORKERS_ABOVE = 10

_FILES = ("RETENTION_FILE", "SMTP_CA_FILE", "SMTP_CERTIFICATE_FILE", "SMTP_KEY_FILE")

RETENTION = "retention"
BACKUP = "backup"
"""The process that takes away what was kept long enough."""


@dataclass(frozen=True)
class Addresses:
    """Where one platform's pieces are reached."""

    port_base: int
    databases: Mapping[str, str]
    owners: Mapping[str, str]
    """Service → its database, as the role that owns it and may change its tables"""
    redis: Mapping[str, str]
    """User (a service, or `operator`) → redis://…"""

    @property
    def public_url(self) -> str:
        """Where people open the platform; also the issuer of access tokens."""
        return f"http://localhost:{self.port_base}"

    def port(self, service: str) -> int:
        """The port of the service's web process."""
        return self.port_base + get_service(service).port

    def worker_port(self, service: str) -> int:
        """The port on which the service's worker answers monitors."""
        return self.port(service) + _WORKERS_ABOVE

    def url(self, service: str) -> str:
        """Base address of the service's HTTP API, or of its pages."""
        # Passkeys hold for a name, and what people see is called as they call it.
        host = "127.0.0.1" if get_service(service).has_api else "localhost"
        return f"http://{host}:{self.port(service)}"


def free_port_base() -> int:
    """A base above which the port of every service is free, for a platform that is gone again soon."""
    while True:
        base = random.choice(_PORT_BASES)
        if all(is_free(base + service.port + above) for service in SERVICES for above in (0, _WORKERS_ABOVE)):
            return base


def fork_server() -> ProcessSpec:
    """The process that forks all others of Luotsi's own code."""
    return ProcessSpec(
        "fork-server",
        [sys.executable, "-m", "luotsi.platform.fork_server"],
        _environment({}),
        _SOURCES,
        is_fork_server=True,
    )


def backup_before_changes(data: DataDir, addresses: Addresses) -> ProcessSpec:
    """The one-shot process that makes a backup before tables change."""
    return _python("back-up", "luotsi.upgrade.backup_first", _databases(addresses), str(data.root))


def migration(service: str, addresses: Addresses) -> ProcessSpec:
    """The one-shot process that brings the service's database to the newest schema."""
    return _prepare(f"migrate-{service}", addresses, "migrate", service)


def seeding(addresses: Addresses) -> ProcessSpec:
    """The one-shot process that seeds the catalogue."""
    return _prepare("seed", addresses, "seed")


def _prepare(name: str, addresses: Addresses, *arguments: str) -> ProcessSpec:
    return _python(name, "luotsi.platform.prepare", _databases(addresses), *arguments)


def _databases(addresses: Addresses) -> dict[str, str]:
    databases = {f"{service.upper()}_DATABASE_URL": url for service, url in addresses.databases.items()}
    owners = {f"{service.upper()}_OWNER_DATABASE_URL": url for service, url in addresses.owners.items()}
    return databases | owners


def service_specs(service: Service, data: DataDir, addresses: Addresses) -> Iterator[ProcessSpec]:
    """The processes of the service that run until the platform stops."""
    settings = _settings(service.name, data, addresses)
    if "web" in service.processes:
        web = settings | _secrets(service, "web", data)
        if service.calls_apis:
            web |= _calling(data, addresses)
        yield _python(f"{service.name}-web", f"services.{service.name}.main", web)
    if "worker" in service.processes:
        # The name stays the same, so that after a crash it takes up its own work.
        name = f"{service.name}-worker"
        own = {"WORKER_NAME": name, "HEARTBEAT_FILE": str(heartbeat(service.name, data))}
        own["METRICS_PORT"] = str(addresses.worker_port(service.name))
        own |= _secrets(service, "worker", data)
        yield _python(name, f"services.{service.name}.worker", settings | own)


def retention(data: DataDir, addresses: Addresses) -> ProcessSpec:
    """The process that takes away each night what was kept long enough: it works as the owners of all databases."""
    settings = _secrets(get_service("referral"), "worker", data)
    settings["REFERRAL_EPOCH"] = os.environ.get("REFERRAL_EPOCH", "1")
    return _python(RETENTION, "luotsi.retention.nightly", _databases(addresses) | settings)


def backups(addresses: Addresses) -> ProcessSpec:
    """The process that keeps the ledger and makes backups, where the operator has set a target."""
    return _python(BACKUP, "luotsi.backup.nightly", _databases(addresses))


def heartbeat(service: str, data: DataDir) -> Path:
    """The file that the service's worker touches while it is healthy."""
    return data.root / f"{service}-worker.heartbeat"


def _settings(service: str, data: DataDir, addresses: Addresses) -> dict[str, str]:
    return {
        "DATABASE_URL": addresses.databases[service],
        "REDIS_URL": addresses.redis[service],
        "JWKS": str(data.keys / "jwks.json"),
        "ISSUER": addresses.public_url,
        "PUBLIC_URL": addresses.public_url,
        "HOST": "127.0.0.1",
        "PORT": str(addresses.port(service)),
        "MAIL_DIR": str(data.mail),
        "ENVIRONMENT": "development",
        "EPOCH": os.environ.get(f"{service.upper()}_EPOCH", "1"),
    }


def _calling(data: DataDir, addresses: Addresses) -> dict[str, str]:
    """What a web process needs to call the APIs, and to let people in that try things on this machine."""
    urls = {f"{service.name.upper()}_URL": addresses.url(service.name) for service in SERVICES if service.has_api}
    return urls | {"SIGNING_KEY": str(data.keys / "signing.json"), "SHOW_ACCOUNTS": "true"}


def _secrets(service: Service, kind: ProcessKind, data: DataDir) -> dict[str, str]:
    """The keys of the service's web process or worker, and the former ones while keys are being changed."""
    names = service.secrets_of(kind)
    former = {f"{name}_PREVIOUS": data.kept_secret(f"{name.lower()}_previous") for name in names}
    found = {name: data.secret(name.lower()) for name in names} | {name: key for name, key in former.items() if key}
    return {name: f"{key}=" for name, key in found.items()}  # 32 bytes in base64url, padded


def _python(name: str, module: str, settings: Mapping[str, str], *arguments: str) -> ProcessSpec:
    argv = [sys.executable, "-m", module, *arguments]
    return ProcessSpec(name, argv, _environment(settings), _SOURCES, forked=True)


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    environment = whole_environment()
    # SMTP_URL, LOG_LEVEL and their like come from the operator's own environment; keys come from the data directory.
    secrets = {name for service in SERVICES for name in service.secrets}
    inherited = {name: value for name, value in environment.items() if name.removesuffix("_PREVIOUS") not in secrets}
    # The operator names files as seen from where the command was given; the processes work elsewhere.
    files = {name: str(Path(inherited[name]).absolute()) for name in _FILES if inherited.get(name)}
    return {**inherited, **files, "PYTHONUNBUFFERED": "1", **settings}
