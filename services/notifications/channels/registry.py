"""Every channel by which notices leave the platform. The inbox is none: the notice in the database is in it already."""

from collections.abc import Callable, Mapping
from typing import Final

from services.notifications.channels.channel import Channel
from services.notifications.channels.email import email_channel
from services.notifications.domain.channels import EMAIL
from shared.mail.settings import MailSettings

CHANNEL_FACTORIES: Final[Mapping[str, Callable[[MailSettings], Channel]]] = {
    EMAIL: email_channel,
}
"""Name of a channel → what makes it out of the settings."""


def build_channels(settings: MailSettings) -> list[Channel]:
    """All channels, as the settings want them."""
    return [build(settings) for build in CHANNEL_FACTORIES.values()]
