"""How long a session lasts."""

from datetime import datetime, timedelta
from typing import Final

REST: Final = timedelta(minutes=60)
"""So long nothing may be asked for in it"""
WHOLE: Final = timedelta(hours=12)
"""So long it lasts at most"""
NOTED: Final = timedelta(minutes=1)
"""So often it is written down that it is in use"""
FRESH: Final = timedelta(minutes=5)
"""So long after somebody has shown a second factor or a passkey they may change them (OWASP ASVS 4.0.3, 3.7.1)"""
KEPT_ENDED: Final = timedelta(hours=24)
"""So long after its end it is remembered whose it was"""


def is_over(now: datetime, created_at: datetime, last_seen_at: datetime) -> bool:
    """Whether a session has come to its end by itself."""
    return now - last_seen_at >= REST or now - created_at >= WHOLE


def is_to_be_noted(now: datetime, last_seen_at: datetime) -> bool:
    """Whether its use is to be written down again."""
    return now - last_seen_at >= NOTED


def is_fresh(now: datetime, proved_at: datetime | None) -> bool:
    """Whether somebody has shown just now who they are."""
    return proved_at is not None and now - proved_at < FRESH
