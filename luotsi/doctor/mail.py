"""A look at mail: what waits, what fails and why, and whether any has arrived since."""

from typing import Any

from luotsi.doctor.finding import Finding, age, counted
from services.notifications.queries.health import DUE, FAILING, MailState


async def mail(connection: Any) -> Finding:
    """How the deliveries of notices go, as far as they leave the platform."""
    found = MailState.of(await connection.fetchrow(DUE), await connection.fetchrow(FAILING))
    if not found.attempted:
        due = counted(found.due, "delivery is due", "deliveries are due")
        note = f"{due}, the oldest for {age(found.due_seconds)}, and nobody makes any"
        return Finding("mail", False, note, "is notifications-worker running? Its log says what holds it up")
    if not (found.failing or found.given_up):
        return Finding("mail", True, "none fails")
    if found.failing:
        tried = counted(found.failing, "fails and is tried again", "fail and are tried again")
        note = f"{tried}, the oldest for {age(found.oldest_seconds)}"
    else:
        note = f"{counted(found.given_up, 'was', 'were')} given up within a day"
    note += f" ({'others arrive' if found.others_arrive else 'none has arrived since'}): {found.last_error}"
    advice = "`luotsi mail test` tries the server, `luotsi mail list` shows what fails; or mend the address in question"
    return Finding("mail", found.well, note, advice)
