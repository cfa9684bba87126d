"""Settings of the portal: those of every service, how mail leaves, the APIs, and the key that signs tokens."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from services.portal.vault import AccountVault
from shared.mail.addresses import in_ascii
from shared.mail.settings import MailSettings
from shared.settings import FormerKey, Key

_LOCAL = ("localhost", "127.0.0.1", "::1")


class PortalSettings(MailSettings):
    """What the web process needs. Its worker needs what every service needs, and no more."""

    portal_key: Key = Field(description="Seals what the portal keeps of people's second factors, and keys its hashes")
    portal_key_previous: FormerKey = Field(
        None, description="The former PORTAL_KEY, while what it sealed is sealed anew"
    )
    signing_key: Path = Field(description="File of the private key (JWK) by which access tokens are signed")
    catalog_url: str = Field(description="Base address of the catalogue's API, as the portal reaches it")
    referral_url: str = Field(description="Base address of the referral service's API, as the portal reaches it")
    notifications_url: str = Field(
        description="Base address of the notification service's API, as the portal reaches it"
    )
    operator_name: str = Field(
        "Kuopion kaupunki", description="Who answers for the service, by its accessibility statement"
    )
    feedback_email: str = Field("", description="Where feedback goes; empty: to the address in MAIL_FROM")
    show_accounts: bool = Field(False, description="Let anybody sign in as a seeded account, to try things: here alone")

    @field_validator("feedback_email")
    @classmethod
    def _feedback_arrives(cls, given: str) -> str:
        return in_ascii(given) if given else given

    @model_validator(mode="after")
    def _accounts_are_for_trying_things(self) -> Self:
        if self.show_accounts and (
            self.environment == "production" or urlsplit(self.public_url).hostname not in _LOCAL
        ):
            raise ValueError("SHOW_ACCOUNTS lets anybody in: not in production, nor where PUBLIC_URL is not localhost")
        return self


def account_vault_of(settings: PortalSettings) -> AccountVault:
    """The vault with the keys of `settings`."""
    former = settings.portal_key_previous
    return AccountVault(settings.portal_key.get_secret_value(), former.get_secret_value() if former else None)
