"""Makes a service's copy of another service's facts anew, out of that service's log of events: `luotsi rebuild`."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from asyncpg import InsufficientPrivilegeError
from sqlalchemy import select, text
from sqlalchemy.exc import ProgrammingError

from luotsi.platform.process import PlatformError
from luotsi.platform.target import Target
from services.catalog import tables as catalog
from services.catalog.consumers import keep_facts
from services.notifications import tables as notifications
from services.portal import tables as portal
from services.referral import tables as referral
from services.referral.consumers import keep_proof
from shared.consuming import catalog_copy
from shared.consuming.copies import Copied
from shared.database.connections import Database
from shared.database.rows import Record, table_of
from shared.database.transaction import Transaction
from shared.events import Envelope

_STATES = text("SELECT event_id, subject, payload FROM outbox WHERE type = ANY(:types) ORDER BY id")
# What a service has dealt with; not what it has put aside until another fact arrives.
_DEALT_WITH = text("SELECT event_id FROM inbox WHERE consumer = :consumer EXCEPT SELECT event_id FROM parked")


@dataclass(frozen=True)
class Copy:
    """A copy that `service` keeps in `table` of what `owner` publishes in events of `types`."""

    service: str
    table: type[Record]
    owner: str
    types: tuple[str, ...]
    apply: Callable[[Transaction, Envelope], Awaitable[Any]]
    every_state: bool = False
    """Whether the copy keeps all states of a subject, and not only the newest"""


def _of_catalog(service: str, table: type[Copied], kind: str) -> Copy:
    async def apply(tx: Transaction, event: Envelope) -> None:
        await catalog_copy.apply(tx, table, event)

    return Copy(service, table, "catalog", (f"catalog.{kind}_changed.v1",), apply)


COPIES: Final[Mapping[str, Copy]] = {
    "catalog.service_facts": Copy(
        "catalog", catalog.ServiceFacts, "referral", ("referral.service_facts.v1",), keep_facts
    ),
    "referral.organizations": _of_catalog("referral", referral.Organization, "organization"),
    "referral.services": _of_catalog("referral", referral.Service, "service"),
    "referral.members": _of_catalog("referral", referral.Member, "member"),
    "referral.deliveries": Copy(
        "referral",
        referral.Delivery,
        "notifications",
        ("notification.delivered.v1", "notification.delivery_failed.v1"),
        keep_proof,
        every_state=True,
    ),
    "portal.organizations": _of_catalog("portal", portal.Organization, "organization"),
    "portal.members": _of_catalog("portal", portal.Member, "member"),
    "notifications.organizations": _of_catalog("notifications", notifications.Organization, "organization"),
    "notifications.services": _of_catalog("notifications", notifications.Service, "service"),
    "notifications.members": _of_catalog("notifications", notifications.Member, "member"),
}
"""Every copy, by its service and table."""


@dataclass(frozen=True)
class Rebuilt:
    """How many rows a copy has now, and how many of them are new, changed, or gone by being rebuilt."""

    rows: int
    mended: int


def chosen(name: str | None, *, everything: bool) -> list[str]:
    """The copies to rebuild. PlatformError unless it is one that exists, or all of them."""
    if everything == (name is not None):
        raise PlatformError(f"name one copy, or all with --all: {', '.join(COPIES)}")
    if name is not None and name not in COPIES:
        raise PlatformError(f"there is no copy {name}; there are {', '.join(COPIES)}")
    return [name] if name else list(COPIES)


async def rebuild(target: Target, name: str) -> Rebuilt:
    """Drop the copy `name` and make it anew, in one transaction while the service goes on reading the old one.

    It is made of events that the service has handled, and of none newer: the handler of an event still under way may do
    more than change the copy, and must find it as it was. No handler runs here, so nobody gets a notice.
    """
    copy = COPIES[name]
    # As the role that owns the copy: the service's own may add to proofs, and drop none.
    own = Database(target.owner_url(copy.service), pool_size=1, answer_seconds=None)
    owners = Database(target.database_url(copy.owner), pool_size=1, answer_seconds=None)
    try:
        async with own.transaction() as tx:
            await tx.execute(text("SET LOCAL statement_timeout = 0"))
            # Consumers wait, so that no event is dealt with between the look at the inbox and the commit.
            await tx.execute(text(f"LOCK TABLE {_table(copy)} IN SHARE ROW EXCLUSIVE MODE"))
            before = await _rows(tx, copy)
            dealt_with = set((await tx.execute(_DEALT_WITH, {"consumer": copy.service})).scalars())
            states = await _states(owners, copy, dealt_with)
            await tx.execute(text(f"DELETE FROM {_table(copy)}"))  # noqa: S608  a name out of COPIES
            for state in states:
                await copy.apply(tx, state)
            after = await _rows(tx, copy)
    except ProgrammingError as error:
        if getattr(error.orig, "sqlstate", None) != InsufficientPrivilegeError.sqlstate:
            raise
        variable = f"{copy.service.upper()}_OWNER_DATABASE_URL"
        raise PlatformError(f"{name} is only its owner's to make anew: set {variable}") from None
    finally:
        await own.close()
        await owners.close()
    mended = sum(before.get(row_id) != after.get(row_id) for row_id in before.keys() | after.keys())
    return Rebuilt(len(after), mended)


async def _states(owners: Database, copy: Copy, dealt_with: set[UUID]) -> list[Envelope]:
    """Of the events that the service has dealt with, the newest of each subject, or all where the copy keeps all."""
    newest: dict[object, tuple[tuple[int, int], str]] = {}
    async with owners.transaction() as tx:
        await tx.execute(text("SET LOCAL statement_timeout = 0"))
        async for row in tx.stream(_STATES, {"types": list(copy.types)}):
            if row.event_id in dealt_with:
                told = json.loads(row.payload)
                order = (told["epoch"], told["sequence"])
                subject = (row.subject, order) if copy.every_state else row.subject
                if subject not in newest or order > newest[subject][0]:
                    newest[subject] = (order, row.payload)
    return [Envelope.model_validate_json(payload) for _, payload in newest.values()]


async def _rows(tx: Transaction, copy: Copy) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows of a copy, by their keys."""
    table = table_of(copy.table)
    found = await tx.execute(select(table))
    return {tuple(row[column.name] for column in table.primary_key): dict(row) for row in found.mappings()}


def _table(copy: Copy) -> str:
    return str(copy.table.__tablename__)
