"""Assigning a referral to a member of the desk that received it."""

from uuid import UUID

from services.referral.domain.lifecycle import Side, Status, may_be_assigned
from services.referral.queries.colleagues import colleague, require_role
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.recording import record_assignment
from shared.problems import conflict


async def require_assignable(work: ActorUnitOfWork, member_id: UUID | None) -> None:
    """Raise 422 for a member who can't look after a referral. It comes before the referral's version and state."""
    if member_id is not None:
        require_role(await colleague(work, member_id, "member_id"), ("recipient",), "member_id")


def assign(work: ActorUnitOfWork, referral: Referral, member_id: UUID | None) -> None:
    """Give the referral to somebody who can take it, or back to all of them; again is no change.

    Raises 409 for a referral that has ended.
    """
    if not may_be_assigned(Status(referral.status)):
        raise conflict("A referral can be assigned until it ends; this one has ended.", name="illegal-command")
    if member_id == referral.assigned_member_id:
        return
    former, referral.assigned_member_id = referral.assigned_member_id, member_id
    record_assignment(work, referral, former, Side.TARGET, work.actor.member_id)
