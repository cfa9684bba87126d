"""A look at mail: what waits, what fails and why, and whether any has arrived since."""

from typing import Any, Final

from luotsi.doctor.finding import Finding, age, counted

_WAITING_SECONDS: Final = 60.0
"""After this time a delivery that is due should have been attempted."""
_FAILING_SECONDS: Final = 60.0
"""A delivery that fails for longer is the platform's trouble when none has arrived since."""
_TROUBLE_SECONDS: Final = 3600.0
"""A delivery that fails for longer is looked at even if others arrive."""

_WAITING: Final = """
SELECT count(*) AS number, coalesce(extract(epoch FROM now() - min(next_attempt_at)), 0)::float AS oldest
FROM deliveries WHERE status IN ('pending', 'failed') AND next_attempt_at < now()
"""
# The oldest that fails, or else the newest that was given up within a day; with the number of its like.
_FAILING: Final = """
SELECT d.status, d.attempts, d.last_error, count(*) OVER (PARTITION BY d.status) AS number,
    extract(epoch FROM now() - n.created_at)::float AS oldest,
    EXISTS (SELECT FROM deliveries AS a WHERE a.channel = d.channel AND a.delivered_at > n.created_at) AS others_arrive
FROM deliveries AS d JOIN notices AS n ON n.id = d.notice_id
WHERE d.status = 'failed' OR (d.status = 'exhausted' AND n.created_at > now() - interval '1 day')
ORDER BY d.status = 'failed' DESC, CASE WHEN d.status = 'failed' THEN n.created_at END, n.created_at DESC LIMIT 1
"""


async def mail(connection: Any) -> Finding:
    """How the deliveries of notices go, as far as they leave the platform."""
    waiting, failing = await connection.fetchrow(_WAITING), await connection.fetchrow(_FAILING)
    if waiting["oldest"] > _WAITING_SECONDS:
        due = counted(waiting["number"], "delivery is due", "deliveries are due")
        note = f"{due}, the oldest for {age(waiting['oldest'])}, and nobody makes any"
        return Finding("mail", False, note, "is notifications-worker running? Its log says what holds it up")
    if failing is None:
        return Finding("mail", True, "none fails")
    if failing["status"] == "failed":
        tried = counted(failing["number"], "fails and is tried again", "fail and are tried again")
        note = f"{tried}, the oldest for {age(failing['oldest'])}"
        limit = _TROUBLE_SECONDS if failing["others_arrive"] else _FAILING_SECONDS
        well = failing["oldest"] <= limit
    else:
        note = f"{counted(failing['number'], 'was', 'were')} given up within a day"
        well = failing["others_arrive"]
    note += f" ({'others arrive' if failing['others_arrive'] else 'none has arrived since'}): {failing['last_error']}"
    return Finding("mail", well, note, "set SMTP_URL and MAIL_FROM right, or mend the address in the catalogue")
