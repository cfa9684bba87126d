"""What came on the streams of notices: each is there, is the listener's own, and has the number that it came by."""

from collections.abc import Iterable

from tests.faults.checks.expectations import Finding
from tests.faults.lab import Lab
from tests.faults.listeners import Listener

_OWN = "SELECT id FROM notices WHERE recipient_member_id = $1 AND id = ($2::uuid[])[number]"


async def check_heard(lab: Lab, listeners: Iterable[Listener]) -> list[Finding]:
    """Compare what was heard by now with what there is: it is written before anybody hears of it."""
    found = []
    for listener in listeners:
        heard, member = list(listener.heard), listener.who.member
        own = {row["id"] for row in await lab.query("notifications", _OWN, member.id, heard)}
        for notice in heard:
            if notice not in own:
                what = f"the stream of {member.email} told notice {notice}, which is not theirs under that number"
                found.append(Finding("wrong", what))
    return found
