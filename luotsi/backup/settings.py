"""What the environment says about backups: where they go, who may read them, when they are made, how long they stay."""

from collections.abc import Mapping
from datetime import time
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from luotsi.platform.process import PlatformError


def _times(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


class BackupSettings(BaseModel):
    """Each field is the environment variable of that name in capitals."""

    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    backup_target: str = Field("", description="A directory, or s3://bucket/prefix")
    backup_recipients: str = Field("", description="Public keys of age (age1…), separated by spaces")
    backup_at: Annotated[tuple[time, ...], BeforeValidator(_times)] = Field(
        default=(time(2, 0),), description="When `backup run` makes one, in Kuopio; several with commas"
    )
    backup_keep_daily: int = Field(7, ge=1, description="For how many days the newest of the day is kept")
    backup_keep_weekly: int = Field(4, ge=0, description="The same for weeks")
    backup_keep_monthly: int = Field(12, ge=0, description="The same for months")
    backup_bucket_endpoint: str = Field("", description="Where the S3 of another maker than Amazon answers: https://…")
    backup_bucket_region: str = Field("us-east-1", description="Its region")
    backup_bucket_access_key: str = Field("", description="Access key id")
    backup_bucket_secret_key: SecretStr = Field(SecretStr(""), description="Secret access key")


def backup_settings(environment: Mapping[str, str]) -> BackupSettings:
    """The settings out of an environment. PlatformError with a line per fault, and without any value."""
    given = {name: environment.get(name.upper(), "") for name in BackupSettings.model_fields}
    try:
        return BackupSettings.model_validate({name: value for name, value in given.items() if value})
    except ValidationError as error:
        faults = error.errors(include_input=False, include_context=False, include_url=False)
        raise PlatformError("; ".join(f"{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in faults)) from None
