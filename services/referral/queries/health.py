"""Whether reminders and expiry of referrals go on."""

from typing import Final

TIMERS: Final = """
SELECT count(*) AS number, coalesce(extract(epoch FROM now() - min(due_at)), 0)::float AS oldest
FROM timers WHERE fired_at IS NULL AND due_at < now() - make_interval(secs => 10)
"""
"""Timers that should have fired, and for how many seconds the oldest of them."""

OVERDUE_SECONDS: Final = 600.0
"""After this time nobody fires them."""
