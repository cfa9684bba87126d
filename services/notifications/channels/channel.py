"""What a channel has to do: bring notices out of the platform, by e-mail for example."""

import hashlib
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from services.notifications.tables import Notice


class Refused(Exception):
    """The recipient will never be reached on this channel: the delivery is given up at once."""


class NotNow(Exception):
    """This attempt failed and another is to follow; the reason, in words."""


class NoAddress(Exception):
    """The recipient has no address on this channel: the delivery is withdrawn."""


@dataclass(frozen=True)
class DeliveryAttempt:
    """One attempt to bring a notice to its recipient.

    `number` counts the attempts of this delivery from 1. `email` is the recipient's address in the catalogue: that of
    the member, or of the desk when the notice is to none, or else the one that the notice names; None where there is
    none. `languages` are those in which the recipient reads, one or several codes of fi, sv, en. `recipient_left` says
    that the recipient is not told any more: the member, or the organisation, was deactivated. `earlier` are the ids of
    the messages by this channel that `reader` has got about the same referral, oldest first.
    """

    delivery_id: UUID
    number: int
    notice: Notice
    email: str | None
    languages: tuple[str, ...]
    recipient_left: bool = False
    earlier: tuple[str, ...] = ()

    @property
    def reader(self) -> str:
        """Stands for address and languages: the same where both are, and it does not tell the address."""
        told = f"{(self.email or '').casefold()} {' '.join(self.languages)}"
        return hashlib.sha256(told.encode()).hexdigest()[:32]


class Channel(Protocol):
    """Brings notices out of the platform. The delivery queue claims, repeats and gives up for it."""

    @property
    def name(self) -> str:
        """The channel's code, as it stands in `deliveries.channel` and in events."""

    async def deliver(self, attempt: DeliveryAttempt) -> str:
        """Compose the message and hand it over; returns its id, which is kept as proof.

        The same delivery may be handed over twice, after a crash: the id is the same each time. Raises Refused or
        NoAddress when another attempt would be of no use, any other exception (NotNow with its reason) when one is to
        follow. An attempt that
        lasts longer than the delivery queue's `ATTEMPT_LIMIT` is cancelled, and counts as failed.
        """
