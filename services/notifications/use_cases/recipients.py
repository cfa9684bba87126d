"""To whom a notice goes, and by which channels."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from uuid import UUID

from services.notifications.domain.channels import EMAIL, channels_wanted
from services.notifications.queries.people import People


@dataclass(frozen=True)
class Recipient:
    """A member, or the desk address of an organisation (`member_id` None).

    `channels` are those beside the inbox, which every member has. `address` is written to instead of the recipient's
    present one. Two of these are equal when the recipient is the same, however it is told.
    """

    organization_id: UUID
    member_id: UUID | None
    as_coordinator: bool = field(default=False, compare=False)
    channels: frozenset[str] = field(default=frozenset({EMAIL}), compare=False)
    address: str | None = field(default=None, compare=False)


def recipient_of(
    people: People, member_id: UUID, *, as_coordinator: bool = False, without: Iterable[str] = ()
) -> Recipient:
    """One of `people` as a recipient, on the channels that the member wants and that are not in `without`."""
    channels = channels_wanted(by_mail=member_id not in people.without_mail).difference(without)
    return Recipient(people.members[member_id].organization_id, member_id, as_coordinator, channels)
