"""Mail that was sent before the loss is not sent again: what the restored queue of deliveries may still hold."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from luotsi.backup.ledger import Ledger
from luotsi.platform.operator_database import operator_database
from luotsi.platform.target import Target
from shared.database.transaction import Transaction

SETTLED: Final = timedelta(minutes=2)
"""How long after an event its mail has been sent, or fails."""

_WAITING: Final = text("""
SELECT d.id, d.channel, n.event_id, n.event_type, n.referral_id, n.reference, n.created_at,
       n.recipient_organization_id AS organization_id, n.recipient_member_id AS member_id
FROM deliveries d JOIN notices n ON n.id = d.notice_id WHERE d.status IN ('pending', 'failed') ORDER BY d.id
""")
_DELIVERED: Final = text(
    "UPDATE deliveries SET status = 'delivered', delivered_at = :at, next_attempt_at = NULL, last_error = NULL, "
    "version = version + 1 WHERE id = :id"
)
_HELD_BACK: Final = text(
    "UPDATE deliveries SET status = 'withdrawn', next_attempt_at = NULL, version = version + 1, "
    "last_error = 'after a restore: may have been sent before' WHERE id = :id"
)
_PROOFS: Final = text(
    "SELECT id, payload FROM outbox WHERE type = 'notification.delivered.v1' AND recorded_at >= :since "
    "AND published_at IS NULL"
)
_REMOVE: Final = text("DELETE FROM outbox WHERE id = ANY(:ids)")

Told = Mapping[tuple[UUID, str, str | None, str], datetime]
"""Event, organisation, member and channel → when it was delivered."""


@dataclass
class Quieted:
    """How many deliveries had been made already; those held back, since nobody knows; how many are still to be sent."""

    known: int = 0
    held_back: list[dict[str, Any]] = field(default_factory=list)
    to_send: int = 0


async def quiet(target: Target, ledger: Ledger, recorded: Mapping[UUID, datetime], lost_at: datetime) -> Quieted:
    """Settle each delivery that waits in the restored database, before anything is sent.

    The ledger says what was delivered. What was recorded after its reach and before the loss may have been: that is
    held back, and has to be told of. The rest was not sent, and is. `recorded` are the moments of events; a notice of
    another counts from its own.
    """
    done, told = Quieted(), _told(ledger)
    reach = ledger.until.get("notifications")
    async with operator_database(target.owner_url("notifications")) as database, database.transaction() as tx:
        for row in (await tx.execute(_WAITING)).mappings().all():
            key = (row["event_id"], str(row["organization_id"]), _text(row["member_id"]), row["channel"])
            moment = recorded.get(row["event_id"], row["created_at"])
            if key in told:
                await tx.execute(_DELIVERED, {"at": told[key], "id": row["id"]})
                done.known += 1
            elif moment <= lost_at and (reach is None or moment > reach - SETTLED):
                await tx.execute(_HELD_BACK, {"id": row["id"]})
                done.held_back.append(dict(row))
            else:
                done.to_send += 1
    return done


async def withhold_proofs(target: Target, ledger: Ledger, since: datetime) -> int:
    """Take back, before they are published, proofs of what the others were given proof of already; returns how many.

    Where the referral database was not lost it holds the first proofs, by the deliveries' former ids.
    """
    told = _told(ledger)
    async with operator_database(target.owner_url("notifications")) as database, database.transaction() as tx:
        doubled = await _doubled(tx, told, since)
        await tx.execute(_REMOVE, {"ids": doubled})
        return len(doubled)


async def _doubled(tx: Transaction, told: Told, since: datetime) -> list[int]:
    found = []
    for row in (await tx.execute(_PROOFS, {"since": since})).all():
        data = json.loads(row.payload)["data"]
        if (UUID(data["cause_id"]), data["organization_id"], data["member_id"], data["channel"]) in told:
            found.append(row.id)
    return found


def _told(ledger: Ledger) -> Told:
    return {
        (entry.subject, entry.data["organization_id"], entry.data.get("member_id"), entry.data["channel"]): entry.at
        for entry in ledger.of_kind("told")
        if entry.subject is not None
    }


def _text(value: UUID | None) -> str | None:
    return str(value) if value else None
