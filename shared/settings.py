"""Settings of a service process, read from environment variables."""

import base64
import binascii
import os
import socket
import sys
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

from pydantic import BeforeValidator, Field, Secret, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.redis_address import read_address
from shared.secret_files import SecretFaults, secret_settings


def _key(value: object) -> object:
    if value == "":  # as an environment says that there is none
        return None
    if not isinstance(value, str):
        return value
    try:
        key = base64.urlsafe_b64decode(value)
    except (binascii.Error, ValueError):
        raise ValueError("must be base64url") from None
    if len(key) != 32:
        raise ValueError(f"must be 32 bytes in base64url, and has {len(key)}")
    return key


Key = Annotated[Secret[bytes], BeforeValidator(_key)]
"""A secret of 32 random bytes, in base64url"""

FormerKey = Annotated[Secret[bytes] | None, BeforeValidator(_key)]
"""The one before it, where there is one"""


class Settings(BaseSettings):
    """What every service process needs. Each field is the environment variable of that name in capitals."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    database_url: SecretStr = Field(description="PostgreSQL: postgresql://role:password@host:port/database")
    database_pooler_url: SecretStr = Field(
        SecretStr(""), description="The same database by a pooler of transactions (PgBouncer); empty: there is none"
    )
    redis_url: SecretStr = Field(
        description="Redis or Valkey: redis://user:password@host:port/0, or by TLS or Sentinel"
    )
    jwks: str = Field(description="Public keys that sign access tokens: the path or the URL of a JWK set")
    issuer: str = Field("http://localhost:8000", description="The `iss` that access tokens must carry")
    public_url: str = Field("http://localhost:8000", description="Where people open the platform; links begin so")
    root_path: str = Field("", description="Path prefix under which the edge serves this API")
    host: str = Field("127.0.0.1", description="Address the web process listens on")
    port: int = Field(8000, description="Port the web process listens on")
    body_seconds: float = Field(20, gt=0, description="Within how many seconds all of a request's body has to come")
    account_requests_per_minute: int = Field(600, ge=1, description="Requests that one account may make in a minute")
    address_requests_per_minute: int = Field(
        1200, ge=1, description="Requests without a valid token that may come from one address in a minute"
    )
    forwarded_allow_ips: str = Field("", description="Proxies whose X-Forwarded-For is believed; * for any")
    log_level: str = Field("INFO", description="DEBUG, INFO, WARNING or ERROR")
    access_log: bool = Field(False, description="Whether each request is logged: its route, without who or which")
    environment: Literal["development", "production"] = "development"
    epoch: int = Field(1, ge=1, description="Raise by one after a restore of the database without `luotsi restore`")
    worker_name: str = Field(
        default_factory=lambda: f"{socket.gethostname()}-{os.getpid()}",
        description="Name of this worker among its like; a stable one lets it take up its own work after a crash",
    )
    otel_exporter_otlp_endpoint: str = Field(
        "", pattern="^(https?://.+)?$", description="Collector of traces, over OTLP/HTTP: http://host:4318; empty: none"
    )
    drain_seconds: float = Field(
        0, ge=0, le=60, description="How long a web process that is to stop still answers, asking for other connections"
    )
    metrics_port: int = Field(0, ge=0, le=65535, description="Port of a worker for /metrics and /livez; 0: none")
    events_packed_after_days: float = Field(
        90, ge=0, description="After how many days at rest a worker packs what was told about something; 0: never"
    )
    heartbeat_file: Path | None = Field(None, description="A worker touches this file while it is healthy")

    @field_validator("redis_url")
    @classmethod
    def _redis_can_be_found(cls, given: SecretStr) -> SecretStr:
        read_address(given.get_secret_value())
        return given

    @model_validator(mode="after")
    def _production_is_public_and_encrypted(self) -> Self:
        if self.environment == "production" and not self.public_url.startswith("https://"):
            raise ValueError("production needs PUBLIC_URL to begin with https://")
        return self


SettingsT = TypeVar("SettingsT", bound=Settings)


def from_environment(model: type[SettingsT]) -> SettingsT:
    """The settings of this process, secrets in files too. Ends it with a line per fault, and without any value."""
    try:
        return model.model_validate(secret_settings())
    except SecretFaults as error:
        print(*error.faults, sep="\n", file=sys.stderr)  # noqa: T201
        sys.exit(2)
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_context=False, include_url=False):
            name = ".".join(str(part) for part in fault["loc"]).upper() or "settings"
            print(f"{name}: {fault['msg'].removeprefix('Value error, ')}", file=sys.stderr)  # noqa: T201
        sys.exit(2)
