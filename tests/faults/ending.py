"""A referral that somebody sees through until its loop is closed, whatever others do to it meanwhile."""

import contextlib
from typing import Final
from uuid import UUID

from tests.faults.actors import Day
from tests.faults.people import Somebody, Unsure

_STEPS: Final = 40
_NEXT: Final = {
    "draft": "send",
    "requested": "accept",
    "accepted": "complete",
    "in-progress": "complete",
    "on-hold": "resume",
}
_ENDED: Final = ("completed", "failed", "rejected", "cancelled")
_BY_DESK: Final = ("accept", "complete", "resume")
_PASSED_ON: Final = "SELECT FROM referrals WHERE parent_id = $1"
_HAS_MESSAGES: Final = (
    "SELECT target_organization_id AS target, EXISTS (SELECT FROM messages WHERE referral_id = $1) AS has_messages "
    "FROM referrals WHERE id = $1"
)


async def closed_referral(day: Day, adviser: Somebody) -> UUID | None:
    """A new one, with a message, that has ended and is closed; None where it was passed on, or takes too long."""
    created = await day.refer(adviser)
    for _ in range(_STEPS if created else 0):
        referral = (await adviser.insist("referral", "GET", f"/referrals/{created}")).json()
        if referral["closed_at"] is not None:
            return None if await adviser.lab.query("referral", _PASSED_ON, UUID(created)) else UUID(created)
        command = "close" if referral["status"] in _ENDED else _NEXT.get(referral["status"])
        if command is None:
            return None
        [row] = await adviser.lab.query("referral", _HAS_MESSAGES, UUID(created))
        desk = next(one for one in day.accounts.desks if str(one.member.organization_id) == str(row["target"]))
        who = desk if command in _BY_DESK else adviser
        with contextlib.suppress(Unsure):
            if command != "send" and not row["has_messages"]:
                await day.write(adviser, referral)
            seen = await who.ask("referral", "GET", f"/referrals/{created}")
            await day.give(who, seen.json(), command)
    return None
