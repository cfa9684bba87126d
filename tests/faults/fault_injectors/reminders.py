"""Referrals that were sent long ago, all at once: each is reminded of once."""

import asyncio
import contextlib
import random
import time
from datetime import datetime, timedelta
from uuid import UUID

from services.referral.domain.deadlines import Standing, Terms, TimerKind, timers
from services.referral.domain.lifecycle import Status
from shared.clock import utc_now
from tests.faults.checks.expectations import Finding
from tests.faults.lab import PATIENCE, Lab

_AT_MOST = 3
_WAITING = """
SELECT id, sent_at, response_days, expiry_days FROM referrals
WHERE status = 'requested' AND sent_at > now() - interval '1 hour' ORDER BY id DESC LIMIT 12
"""
_EARLIER = "UPDATE referrals SET sent_at = $2 WHERE id = $1 AND status = 'requested' RETURNING id"
_DUE = "UPDATE timers SET due_at = now() WHERE referral_id = $1 AND kind = 'overdue' AND fired_at IS NULL"
_REMINDED = "SELECT count(*) FROM outbox WHERE subject = $1 AND type = 'referral.overdue.v1'"


async def let_answers_be_overdue(lab: Lab, lot: random.Random) -> None:
    """A few referrals that nobody has answered were sent days ago. Raises LookupError where none waits."""
    waiting = await lab.query("referral", _WAITING)
    if not waiting:
        raise LookupError("no referral waits for its answer")
    moved = []
    for row in lot.sample(waiting, min(len(waiting), _AT_MOST)):
        earlier = _sent_so_that_it_is_overdue(row["sent_at"], Terms(row["response_days"], row["expiry_days"]))
        if await lab.query("referral", _EARLIER, row["id"], earlier, as_owner=True):
            await lab.query("referral", _DUE, row["id"], as_owner=True)
            moved.append(row["id"])
    for referral in moved:
        await _until_reminded(lab, referral)


def _sent_so_that_it_is_overdue(sent_at: datetime, terms: Terms) -> datetime:
    """A moment so early that the answer is overdue now, and so late that nothing else of it is due."""
    for hours in range(1, 24 * 30):
        earlier = sent_at - timedelta(hours=hours)
        due = timers(Standing(Status.REQUESTED, earlier, None, earlier, terms), ())
        if due[TimerKind.OVERDUE].at < utc_now() - timedelta(minutes=10):
            return earlier
    raise LookupError("no month has so few working days")


async def _until_reminded(lab: Lab, referral: UUID) -> None:
    """Wait for the reminder; who has an answer meanwhile needs none. What never comes is lost."""
    deadline = time.monotonic() + PATIENCE
    asked = "SELECT status, (SELECT fired_at FROM timers WHERE referral_id = $1 AND kind = 'overdue') AS fired_at"
    while time.monotonic() < deadline:
        with contextlib.suppress(Exception):  # a server that another fault has taken away
            [state] = await lab.query("referral", f"{asked} FROM referrals WHERE id = $1", referral)
            [told] = await lab.query("referral", _REMINDED, str(referral))
            if told["count"] or state["status"] != "requested":
                return
            if state["fired_at"] is not None:
                break
        await asyncio.sleep(0.2)
    lab.found.append(Finding("lost", f"nobody was reminded of referral {referral}, whose answer is overdue"))
