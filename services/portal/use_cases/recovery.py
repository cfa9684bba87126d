"""What a person signs in with is taken away, for it is lost or in other hands: the person begins anew with a mail."""

from datetime import datetime
from uuid import UUID

from services.portal.domain.ways import Refusal, refused_reset
from services.portal.queries.accounts import Account
from services.portal.queries.ways_in import ways_in
from services.portal.tables import Member
from services.portal.use_cases import sessions
from services.portal.use_cases.attempts import end_steps_of
from services.portal.use_cases.people import known_person, take_all_factors
from services.portal.use_cases.provider_sign_in import unlink
from shared.actors import PLATFORM_SLUG
from shared.database.transaction import Transaction


async def why_not_reset(tx: Transaction, by: Account, member: Member) -> Refusal | None:
    """Why an administrator may not do that; None where they may."""
    return refused_reset(
        by.organization_id,
        of_platform=by.organization_slug == PLATFORM_SLUG,
        roles=member.roles,
        memberships=(await ways_in(tx, member.email)).memberships,
    )


async def reset_member(tx: Transaction, member: Member, now: datetime) -> None:
    """Take away a person's app, passkeys, recovery codes and links to providers, and end what is open everywhere."""
    memberships = [each.member_id for each in (await ways_in(tx, member.email)).memberships]
    person = await known_person(tx, member.email)
    if person is not None:
        await take_all_factors(tx, person.id)
        await end_steps_of(tx, person.id, now)
    await unlink(tx, memberships)
    await sessions.end_all_of(tx, memberships, now)


async def end_other_sessions(tx: Transaction, address: str, now: datetime, *, but: UUID | None = None) -> None:
    """End a person's sessions in all organisations, all but the one named."""
    memberships = [each.member_id for each in (await ways_in(tx, address)).memberships]
    await sessions.end_all_of(tx, memberships, now, but=but)
