"""Settings of a service that sends mail."""

import ssl
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.mail.addresses import in_ascii, sender_of
from shared.mail.tls import tls_context
from shared.settings import Settings

OptionalFile = Annotated[Path | None, BeforeValidator(lambda value: None if value == "" else value)]
"""A file, or none; an environment says so with an empty value"""


class OutgoingMail(BaseSettings):
    """How mail leaves. Without `SMTP_URL` it is kept as files in `MAIL_DIR`, which production refuses."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    environment: Literal["development", "production"] = "development"
    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="Mail server: smtp://user:password@host:587 (STARTTLS) or smtps://…; empty: files",
    )
    smtp_ca_file: OptionalFile = Field(
        None, description="Certificates (PEM) of the authority that vouches for the mail server, in place of the usual"
    )
    smtp_certificate_file: OptionalFile = Field(
        None, description="Certificate (PEM) by which the mail server knows this sender, with its key or without"
    )
    smtp_key_file: OptionalFile = Field(None, description="Key (PEM) of that certificate, where it lies apart")
    smtp_plain: bool = Field(
        False, description="Let mail leave production unencrypted for a server on another machine that offers no TLS"
    )
    mail_dir: Path = Field(Path("mail"), description="Folder for mail when there is no mail server")
    mail_from: str = Field("luotsi@localhost", description="Sender of mail: an address, or a name and <address>")

    mail_return_path: str = Field("", description="Where mail that comes back goes; empty: to the address in MAIL_FROM")

    @field_validator("mail_return_path")
    @classmethod
    def _mail_comes_back(cls, given: str) -> str:
        return in_ascii(given) if given else given

    @model_validator(mode="after")
    def _mail_can_leave(self) -> Self:
        url = self.smtp_url.get_secret_value()
        if not url and self.environment == "production":
            raise ValueError("production needs SMTP_URL: smtp://user:password@host:port or smtps://…")
        if url and (urlsplit(url).scheme not in ("smtp", "smtps") or not urlsplit(url).hostname):
            raise ValueError("SMTP_URL must look like smtp://user:password@host:port or smtps://…")
        self.tls_context()
        try:
            sender_of(self.mail_from)
        except ValueError as error:
            raise ValueError(f"MAIL_FROM is no sender of mail. {error}") from None
        return self

    def tls_context(self) -> ssl.SSLContext | None:
        """What connections to the mail server are encrypted by; None for what every program here does."""
        files = (self.smtp_ca_file, self.smtp_certificate_file, self.smtp_key_file)
        return tls_context(*files) if any(files) else None

    @property
    def must_encrypt(self) -> bool:
        """Whether mail leaves for another machine encrypted, or not at all."""
        return self.environment == "production" and not self.smtp_plain


class MailSettings(OutgoingMail, Settings):
    """Settings of a service that sends mail."""
