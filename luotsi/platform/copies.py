"""The copies that services keep of each other's facts: which there are, and of which events each is made."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from luotsi.platform.process import PlatformError
from services.catalog import tables as catalog
from services.catalog.consumers import keep_facts
from services.notifications import tables as notifications
from services.portal import tables as portal
from services.referral import tables as referral
from services.referral.consumers import keep_proof
from shared.consuming import catalog_copy
from shared.consuming.copies import Copied
from shared.database.rows import Record
from shared.database.transaction import Transaction
from shared.events import Envelope


@dataclass(frozen=True)
class Copy:
    """A copy that `service` keeps in `table` of what `owner` publishes in events of `types`.

    The `id` of a row is the subject of the event that it is made of.
    """

    service: str
    table: type[Record]
    owner: str
    types: tuple[str, ...]
    apply: Callable[[Transaction, Sequence[Envelope]], Awaitable[Any]]
    every_state: bool = False
    """Whether the copy keeps all states of a subject, and not only the newest"""


def _of_catalog(service: str, table: type[Copied], kind: str) -> Copy:
    async def apply(tx: Transaction, events: Sequence[Envelope]) -> None:
        await catalog_copy.apply(tx, table, *events)

    return Copy(service, table, "catalog", (f"catalog.{kind}_changed.v1",), apply)


async def _keep_all_facts(tx: Transaction, events: Sequence[Envelope]) -> None:
    for event in events:
        await keep_facts(tx, event)


COPIES: Final[Mapping[str, Copy]] = {
    "catalog.service_facts": Copy(
        "catalog", catalog.ServiceFacts, "referral", ("referral.service_facts.v1",), _keep_all_facts
    ),
    "referral.organizations": _of_catalog("referral", referral.Organization, "organization"),
    "referral.services": _of_catalog("referral", referral.Service, "service"),
    "referral.members": _of_catalog("referral", referral.Member, "member"),
    "referral.deliveries": Copy(
        "referral",
        referral.Delivery,
        "notifications",
        ("notification.delivered.v1", "notification.delivery_failed.v1"),
        keep_proof.take,
        every_state=True,
    ),
    "portal.organizations": _of_catalog("portal", portal.Organization, "organization"),
    "portal.members": _of_catalog("portal", portal.Member, "member"),
    "notifications.organizations": _of_catalog("notifications", notifications.Organization, "organization"),
    "notifications.services": _of_catalog("notifications", notifications.Service, "service"),
    "notifications.members": _of_catalog("notifications", notifications.Member, "member"),
}
"""Every copy, by its service and table."""


def chosen(name: str | None, *, everything: bool) -> list[str]:
    """The copies to rebuild. PlatformError unless it is one that exists, or all of them."""
    if everything == (name is not None):
        raise PlatformError(f"name one copy, or all with --all: {', '.join(COPIES)}")
    if name is not None and name not in COPIES:
        raise PlatformError(f"there is no copy {name}; there are {', '.join(COPIES)}")
    return [name] if name else list(COPIES)


__all__ = ["COPIES", "Copy", "chosen"]
