"""A chapter for which the clock is set ahead: a desk forgets to answer, is reminded, and so is the coordinator."""

from datetime import datetime, timedelta

from luotsi.demo.people import ADVISER, TALENT_DESK
from luotsi.demo.stage import Stage, made_up_person

SECOND_REMINDER = timedelta(days=7)
"""After the answer was due: at least two working days whatever the holidays, and fewer than expiry takes."""


async def answered_late(stage: Stage) -> None:
    """The Talent Hub answers only after both reminders."""
    request = {
        "client": made_up_person() | {"phone": "+358 40 000 3456"},
        "reason": "A welder with ten years of experience, who looks for work.",
        "scope": "Name, contact and work history, to the Talent Hub.",
    }
    service = await stage.find_service(ADVISER, "osaaja työ", "jobseekers", "north-savo-talent-hub")
    sent = await stage.refer(ADVISER, "sixth", service, request, event="referral.sent.v1")
    due = datetime.fromisoformat(sent["respond_by"])
    await stage.let_time_pass(due + timedelta(minutes=1), "sixth", event="referral.overdue.v1")
    await stage.let_time_pass(due + SECOND_REMINDER, "sixth", event="referral.overdue_again.v1")
    await stage.read(TALENT_DESK, "sixth", event="referral.first_viewed.v1")
    await stage.do(TALENT_DESK, "sixth", "accept", event="referral.accepted.v1")
    await stage.do(TALENT_DESK, "sixth", "start", event="referral.started.v1")
    outcome = {"outcome": {"code": "enrolled", "text": "Starts at a workshop next week."}}
    await stage.do(TALENT_DESK, "sixth", "complete", event="referral.completed.v1", body=outcome)
    await stage.do(ADVISER, "sixth", "close", event="referral.closed.v1")
