"""Whether reminders and expiry of referrals go on, and whether the log of who was shown what is sealed."""

from typing import Final

from shared.figures import waiting_look

TIMERS: Final = """
SELECT count(*) AS number, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float AS oldest
FROM timers WHERE fired_at IS NULL AND due_at < now() - make_interval(secs => 10)
"""
"""Timers that should have fired, and for how many seconds the oldest of them."""

OVERDUE_SECONDS: Final = 600.0
"""After this time nobody fires them."""

UNSEALED: Final = """
WITH unsealed AS (
    SELECT coalesce(
        (SELECT max(day) + 1 FROM audit_seals),
        (SELECT (min(at) AT TIME ZONE 'Europe/Helsinki')::date FROM disclosures)
    ) AS first
)
SELECT coalesce(greatest((now() AT TIME ZONE 'Europe/Helsinki')::date - first, 0), 0) AS number,
    coalesce(greatest(extract(epoch FROM
        now() - (first + 1)::timestamp AT TIME ZONE 'Europe/Helsinki'), 0), 0)::float AS oldest
FROM unsealed
"""
"""Days of the log that are over and not sealed, and for how many seconds the first of them has been over."""

UNSEALED_SECONDS: Final = 7200.0
"""A day is sealed a quarter of an hour after it is over; after this time nobody seals it."""


timers: Final = waiting_look(
    "timers",
    TIMERS,
    lambda _, oldest: oldest <= OVERDUE_SECONDS,
    (
        "luotsi_timers_overdue",
        "luotsi_timers_oldest_overdue_seconds",
        "Reminders and ends of referrals that should have come",
    ),
)
"""Looks whether timers fire."""

seals: Final = waiting_look(
    "seals",
    UNSEALED,
    lambda _, oldest: oldest <= UNSEALED_SECONDS,
    (
        "luotsi_seals_missing",
        "luotsi_seals_oldest_unsealed_seconds",
        "Days of the log of who was shown what that are over and not sealed",
    ),
)
"""Looks whether each day of the log is sealed soon after it is over."""


__all__ = ["OVERDUE_SECONDS", "TIMERS", "UNSEALED", "UNSEALED_SECONDS", "seals", "timers"]
