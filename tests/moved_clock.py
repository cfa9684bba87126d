"""Clocks in tests: moments as a clock on a wall in Kuopio shows them, and which deadlines have passed."""

from datetime import datetime

from shared.clock import KUOPIO
from tests.platform import Platform

TOLD_BY_CLOCK = ("due_soon", "overdue", "overdue_again", "expired", "not_started", "no_news")


def at(text: str) -> datetime:
    """A moment in Kuopio, such as `2027-06-24 16:00`."""
    return datetime.fromisoformat(text).replace(tzinfo=KUOPIO)


def shown(moment: str | None) -> str | None:
    """A moment out of an answer or an event, as a clock in Kuopio shows it."""
    return datetime.fromisoformat(moment).astimezone(KUOPIO).strftime("%Y-%m-%d %H:%M") if moment else None


async def wait_until(platform: Platform, text: str) -> None:
    """Let the time come, and what is due then happen."""
    platform.clock.set(at(text))
    await platform.fire_due()


async def fired(platform: Platform, referral_id: str | None = None) -> list[str]:
    """What the clock has told so far, oldest first, of all referrals or of one; without `referral.` and `.v1`."""
    names = [
        event["type"].removeprefix("referral.").removesuffix(".v1")
        for event in await platform.published("referral")
        if referral_id in (None, event["subject"])
    ]
    return [name for name in names if name in TOLD_BY_CLOCK]


__all__ = ["at", "fired", "shown", "wait_until"]
