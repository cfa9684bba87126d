"""What `luotsi up` runs for the services: a web process and a worker of each, and the settings they get."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from luotsi.platform.data_dir import DataDir
from luotsi.platform.process import Program
from shared.services import SERVICES

_SOURCES = Path(__file__).resolve().parents[2]


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
        """The web process's port; the base port itself is the portal's."""
        return self.port_base + 1 + SERVICES.index(service)

    def url(self, service: str) -> str:
        """Base address of the service's HTTP API."""
        return f"http://127.0.0.1:{self.port(service)}"


def fork_server() -> Program:
    """The process that all others of Luotsi's own code are copies of."""
    return Program(
        "fork-server", [sys.executable, "-m", "luotsi.platform.fork_server"], _environment({}), _SOURCES, forks=True
    )


def migration(service: str, addresses: Addresses) -> Program:
    """The one-shot process that brings the service's database to the newest schema."""
    return _prepare(f"migrate-{service}", addresses, "migrate", service)


def seeding(addresses: Addresses) -> Program:
    """The one-shot process that seeds the catalogue."""
    return _prepare("seed", addresses, "seed")


def _prepare(name: str, addresses: Addresses, *arguments: str) -> Program:
    databases = {f"{service.upper()}_DATABASE_URL": url for service, url in addresses.databases.items()}
    owners = {f"{service.upper()}_OWNER_DATABASE_URL": url for service, url in addresses.owners.items()}
    return _python(name, "luotsi.platform.prepare", databases | owners, *arguments)


def web(service: str, data: DataDir, addresses: Addresses) -> Program:
    """The web process of the service."""
    return _python(f"{service}-web", f"services.{service}.main", _settings(service, data, addresses))


def worker(service: str, data: DataDir, addresses: Addresses) -> Program:
    """The worker of the service. Its name stays the same, so that after a crash it takes up its own work."""
    name = f"{service}-worker"
    own = {"WORKER_NAME": name, "HEARTBEAT_FILE": str(heartbeat(service, data))}
    return _python(name, f"services.{service}.worker", _settings(service, data, addresses) | own)


def heartbeat(service: str, data: DataDir) -> Path:
    """The file that the service's worker touches while it is healthy."""
    return data.root / f"{service}-worker.heartbeat"


def _settings(service: str, data: DataDir, addresses: Addresses) -> dict[str, str]:
    common = {
        "DATABASE_URL": addresses.databases[service],
        "REDIS_URL": addresses.redis[service],
        "JWKS": str(data.keys / "jwks.json"),
        "ISSUER": addresses.public_url,
        "PUBLIC_URL": addresses.public_url,
        "HOST": "127.0.0.1",
        "PORT": str(addresses.port(service)),
        "ENVIRONMENT": "development",
        "EPOCH": os.environ.get(f"{service.upper()}_EPOCH", "1"),
    }
    if service == "referral":
        # 32 bytes in base64url, padded.
        keys = {name: data.secret(name.lower()) + "=" for name in ("MASTER_KEY", "INDEX_KEY", "AUDIT_KEY")}
        former = {name: data.kept_secret(name.lower()) for name in ("MASTER_KEY_PREVIOUS", "INDEX_KEY_PREVIOUS")}
        return common | keys | {name: f"{secret}=" for name, secret in former.items() if secret}
    if service == "notifications":
        return common | {"MAIL_DIR": str(data.mail)}
    return common


def _python(name: str, module: str, settings: Mapping[str, str], *arguments: str) -> Program:
    argv = [sys.executable, "-m", module, *arguments]
    return Program(name, argv, _environment(settings), _SOURCES, forked=True)


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    # SMTP_URL, LOG_LEVEL and their like come from the operator's own environment.
    return {**os.environ, "PYTHONUNBUFFERED": "1", **settings}
