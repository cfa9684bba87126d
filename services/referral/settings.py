"""Settings of the referral service: those of every service, and the keys to client data."""

from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from services.referral.vault import Vault
from shared.clock import Clock, ahead_by, utc_now
from shared.settings import FormerKey, Key, Settings


class WebSettings(Settings):
    """What the web process needs. The keys are 32 random bytes each, in base64url.

    Whoever loses MASTER_KEY loses every client's data.
    """

    master_key: Key = Field(description="Wraps each client's own key")
    index_key: Key = Field(description="Keys the hashes by which a client is found again")
    master_key_previous: FormerKey = Field(None, description="The former MASTER_KEY, while keys are wrapped anew")
    index_key_previous: FormerKey = Field(None, description="The former INDEX_KEY, while hashes are made anew")
    clock_file: Path | None = Field(None, description="A file of seconds by which the clock is ahead, to try deadlines")

    @property
    def clock(self) -> Clock:
        """The clock of this process."""
        return ahead_by(self.clock_file) if self.clock_file else utc_now

    @model_validator(mode="after")
    def _production_has_the_real_time(self) -> Self:
        if self.clock_file is not None and self.environment == "production":
            raise ValueError("production has the real time: leave CLOCK_FILE out")
        return self


class ReferralSettings(WebSettings):
    """What the worker needs: it seals the log of who was shown what, which no request can."""

    audit_key: Key = Field(description="Seals the log of who was shown what, day by day")


def vault_of(settings: WebSettings) -> Vault:
    """The vault with the keys of `settings`."""
    former_master, former_index = settings.master_key_previous, settings.index_key_previous
    return Vault(
        settings.master_key.get_secret_value(),
        settings.index_key.get_secret_value(),
        former_master_key=former_master.get_secret_value() if former_master else None,
        former_index_key=former_index.get_secret_value() if former_index else None,
    )
