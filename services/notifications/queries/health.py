"""How mail goes: what waits, what fails and why, and whether any has arrived since."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from services.notifications.domain.failures import REASONS, in_short, reason_of
from shared.figures import Figure, Seen, waiting

DUE: Final = """
SELECT count(*) AS number, coalesce(extract(epoch FROM now() - min(next_attempt_at)), 0)::float AS oldest
FROM deliveries WHERE status IN ('pending', 'failed') AND next_attempt_at < now()
"""
# The oldest that fails, or else the newest that was given up within a day; with the number of its like.
FAILING: Final = """
SELECT d.status, d.attempts, d.last_error, count(*) OVER (PARTITION BY d.status) AS number,
    extract(epoch FROM now() - n.created_at)::float AS oldest,
    EXISTS (SELECT FROM deliveries AS a WHERE a.channel = d.channel AND a.delivered_at > n.created_at) AS others_arrive
FROM deliveries AS d JOIN notices AS n ON n.id = d.notice_id
WHERE d.status = 'failed' OR (d.status IN ('exhausted', 'bounced') AND n.created_at > now() - interval '1 day')
ORDER BY d.status = 'failed' DESC, CASE WHEN d.status = 'failed' THEN n.created_at END, n.created_at DESC LIMIT 1
"""
FAILING_BY_ERROR: Final = """
SELECT last_error, count(*) AS number FROM deliveries WHERE status = 'failed' GROUP BY last_error
"""

_WAITING_SECONDS: Final = 60.0
"""After this time a delivery that is due should have been attempted."""
_FAILING_SECONDS: Final = 60.0
"""A delivery that fails for longer is the platform's trouble when none has arrived since."""
_TROUBLE_SECONDS: Final = 3600.0
"""A delivery that fails for longer is looked at even if others arrive."""


@dataclass(frozen=True)
class MailState:
    """`due` deliveries wait for an attempt, `failing` ones are tried again, and some were `given_up` within a day.

    Of those that fail only the worst are counted: the ones given up where none is tried again. `others_arrive`: whether
    any mail has arrived since the one was sent that `last_error` is about.
    """

    due: int
    due_seconds: float
    failing: int = 0
    given_up: int = 0
    oldest_seconds: float = 0.0
    others_arrive: bool = True
    last_error: str | None = None

    @classmethod
    def of(cls, due: Mapping[str, Any], failing: Mapping[str, Any] | None) -> "MailState":
        """Out of the rows that DUE and FAILING find."""
        if failing is None:
            return cls(due["number"], due["oldest"])
        tried_again = failing["status"] == "failed"
        return cls(
            due=due["number"],
            due_seconds=due["oldest"],
            failing=failing["number"] if tried_again else 0,
            given_up=0 if tried_again else failing["number"],
            oldest_seconds=failing["oldest"],
            others_arrive=failing["others_arrive"],
            last_error=in_short(failing["last_error"]),
        )

    @property
    def attempted(self) -> bool:
        """Whether somebody attempts what is due."""
        return self.due_seconds <= _WAITING_SECONDS

    @property
    def well(self) -> bool:
        """Whether mail goes out, and none fails that is the platform's trouble."""
        if self.given_up and not self.others_arrive:
            return False
        limit = _TROUBLE_SECONDS if self.others_arrive else _FAILING_SECONDS
        return self.attempted and not (self.failing and self.oldest_seconds > limit)


async def mail(connection: AsyncConnection) -> Seen:
    """Whether notices leave the platform, how many fail and for what reason."""
    due = (await connection.execute(text(DUE))).mappings().one()
    failing = (await connection.execute(text(FAILING))).mappings().first()
    found = MailState.of(dict(due), dict(failing) if failing else None)
    by_reason: dict[str, int] = defaultdict(int)
    for row in await connection.execute(text(FAILING_BY_ERROR)):
        by_reason[reason_of(row.last_error)] += row.number
    name, what = "luotsi_deliveries_failing", "Deliveries that failed and are tried again"
    figures = (
        *waiting(
            "luotsi_deliveries_due",
            "luotsi_deliveries_oldest_due_seconds",
            "Deliveries that wait for an attempt",
            found.due,
            found.due_seconds,
        ),
        *(Figure(name, what, by_reason[reason], {"reason": reason}) for reason in REASONS),
        Figure(
            "luotsi_deliveries_oldest_failing_seconds",
            "For how many seconds the oldest delivery that fails has been under way; 0 where none does",
            found.oldest_seconds if found.failing else 0.0,
        ),
        Figure("luotsi_mail_well", "Whether notices arrive (1), or the platform's mail is in trouble (0)", found.well),
    )
    return Seen("mail", found.well, figures)


__all__ = ["DUE", "FAILING", "MailState", "mail"]
