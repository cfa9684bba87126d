"""Settings of a service that sends mail."""

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator

from shared.mail.addresses import sender_of
from shared.settings import Settings


class MailSettings(Settings):
    """Without `SMTP_URL` mail is kept as files in `MAIL_DIR`, which production refuses."""

    smtp_url: SecretStr = Field(
        SecretStr(""),
        description="Mail server: smtp://user:password@host:587 (STARTTLS where offered) or smtps://…; empty: files",
    )
    mail_dir: Path = Field(Path("mail"), description="Folder for mail when there is no mail server")
    mail_from: str = Field("luotsi@localhost", description="Sender of mail: an address, or a name and <address>")

    @model_validator(mode="after")
    def _mail_can_leave(self) -> Self:
        url = self.smtp_url.get_secret_value()
        if not url and self.environment == "production":
            raise ValueError("production needs SMTP_URL: smtp://user:password@host:port or smtps://…")
        if url and (urlsplit(url).scheme not in ("smtp", "smtps") or not urlsplit(url).hostname):
            raise ValueError("SMTP_URL must look like smtp://user:password@host:port or smtps://…")
        try:
            sender_of(self.mail_from)
        except ValueError as error:
            raise ValueError(f"MAIL_FROM is no sender of mail. {error}") from None
        return self
