"""Settings of the notification service: those of every service, how mail leaves, and who may say that it came back."""

from pydantic import Field, SecretStr, field_validator

from shared.mail.settings import MailSettings

_SHORTEST_SECRET = 32


class NotificationsSettings(MailSettings):
    """What both processes need; the secret is the web process's alone."""

    bounce_secret: SecretStr = Field(
        SecretStr(""), description="By which the mail server hands in mail that came back; empty: it can't"
    )

    @field_validator("bounce_secret")
    @classmethod
    def _secret_cannot_be_guessed(cls, given: SecretStr) -> SecretStr:
        if 0 < len(given.get_secret_value()) < _SHORTEST_SECRET:
            raise ValueError(f"must have {_SHORTEST_SECRET} characters at least")
        return given
