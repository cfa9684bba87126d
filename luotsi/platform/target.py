"""Which platform a command speaks to: the one the environment names, else the one running in a data directory."""

import base64
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from luotsi.platform.data_dir import is_alive, read_json
from luotsi.platform.process import PlatformError
from shared.redis_address import read_address
from shared.secret_files import SecretFaults, with_secrets

DEFAULT_DATA = Path(".luotsi")

DataOption = Annotated[
    Path, typer.Option("--data", metavar="DIR", help="Data directory of the platform that `luotsi up` runs.")
]


@dataclass(frozen=True)
class Target:
    """Addresses and keys of one platform. Each accessor raises PlatformError when the thing is not known."""

    data: Path
    environment: Mapping[str, str]
    platform: Mapping[str, Any]
    """What platform.json says; empty when no platform runs in `data`."""

    def database_url(self, service: str) -> str:
        """postgresql://… of the service's database."""
        variable = f"{service.upper()}_DATABASE_URL"
        return self._known(variable, self.platform.get("databases", {}).get(service))

    def owner_url(self, service: str) -> str:
        """postgresql://… of the same database, as the role that owns it; where one role does both, as that one."""
        stated = self.platform.get("owners", {}).get(service)
        return self.environment.get(f"{service.upper()}_OWNER_DATABASE_URL") or stated or self.database_url(service)

    @property
    def redis_url(self) -> str:
        """redis://… of the user `operator`."""
        return checked_redis_url("REDIS_URL", self._known("REDIS_URL", self.platform.get("redis")))

    @property
    def signing_key(self) -> Path:
        """File with the private JWK that access tokens are signed with."""
        return Path(self._known("SIGNING_KEY", self.platform.get("signing_key")))

    @property
    def issuer(self) -> str:
        """The `iss` of access tokens."""
        return self._known("ISSUER", self.platform.get("issuer"))

    def key(self, name: str) -> bytes:
        """The 32 bytes of a key of a service, such as MASTER_KEY."""
        kept = read_json(self.data / "secrets.json").get(name.lower()) if self.platform else None
        written = self._known(name, f"{kept}=" if kept else None)
        try:
            return base64.urlsafe_b64decode(written)
        except ValueError:
            raise PlatformError(f"{name} is not base64url") from None

    def former_key(self, name: str) -> bytes | None:
        """The former key of that name, while it is still needed; else None."""
        try:
            return self.key(f"{name}_PREVIOUS")
        except PlatformError:
            return None

    def service_url(self, service: str) -> str | None:
        """Base address of the service's HTTP API, when known."""
        return self.environment.get(f"{service.upper()}_URL") or self.platform.get(service)

    def _known(self, variable: str, stated: str | None) -> str:
        value = self.environment.get(variable) or stated
        if not value:
            raise PlatformError(
                f"no platform is running in {self.data} (start one with `luotsi up`, or name its directory "
                f"with --data), and {variable} is not set"
            )
        return value


def checked_redis_url(variable: str, url: str) -> str:
    """The address that `variable` holds. Raises PlatformError with what is wrong with it."""
    try:
        read_address(url)
    except ValueError as fault:
        raise PlatformError(f"{variable} {fault}") from None
    return url


def find_target(data: Path = DEFAULT_DATA, environment: Mapping[str, str] = os.environ) -> Target:
    """The platform that the environment names, or else the one in `data`. What is missing raises when asked for.

    Secrets may lie in files; PlatformError for one that cannot be had.
    """
    platform = read_json(data / "platform.json")
    if platform and not is_alive(str(platform.get("pid", ""))):
        platform = {}
    return Target(data.absolute(), whole_environment(environment), platform)


def whole_environment(environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment with every secret in its own variable. PlatformError for one that cannot be had."""
    try:
        return with_secrets(environment)
    except SecretFaults as faults:
        raise PlatformError(str(faults)) from None
