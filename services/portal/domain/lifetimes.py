"""How long each step of signing in holds, and how often it may be tried."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

LINK: Final = timedelta(minutes=10)
"""From asking for a mail to pressing the button behind its link, or typing its code"""
PROOF: Final = timedelta(minutes=10)
"""From the first factor to the second, enrolling one included"""
CEREMONY: Final = timedelta(minutes=5)
"""From asking for a passkey to its answer"""
PROVIDER: Final = timedelta(minutes=15)
"""From leaving for an organisation's provider to coming back: people type a password and look for their phone there"""
RECOVERY_CODES: Final = timedelta(hours=1)
"""For so long fresh recovery codes can be looked at again, unless their owner says before that they are kept"""

CODE_TRIES: Final = 5
"""Wrong codes out of one mail, until another mail has to be asked for"""

Limited = Literal[
    "mail_to_account",
    "mail_from_address",
    "second_factor",
    "recovery_code",
    "begun_from_address",
    "feedback_from_address",
]


@dataclass(frozen=True)
class Limit:
    """So often within so long; the time begins with the first."""

    most: int
    within: timedelta


LIMITS: Final[dict[Limited, Limit]] = {
    "mail_to_account": Limit(5, timedelta(minutes=15)),
    "mail_from_address": Limit(30, timedelta(minutes=15)),
    "second_factor": Limit(10, timedelta(minutes=15)),
    "recovery_code": Limit(5, timedelta(hours=1)),
    "begun_from_address": Limit(120, timedelta(minutes=15)),
    "feedback_from_address": Limit(20, timedelta(hours=1)),
}
"""Counted per account, or per network address where the name says so. An office may share one address."""
