"""What the service does: tell of an event, pass on what somebody left unseen, mark a notice seen, set preferences."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select, update
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notifications import domain
from services.notifications.queries.catalog_facts import Colleague, Facts, facts_about, members_of
from services.notifications.tables import Delivery, Member, Notice, Preference
from services.notifications.use_cases.notices import Cause, PlainNotice, Recipient, make_notices
from shared.clock import utc_now
from shared.consuming.catalog_copy import MemberCopy
from shared.consuming.deputies import UnknownMember
from shared.consuming.inbox import MissingDependency
from shared.events import Envelope
from shared.events.catalog import Language
from shared.events.referral import ReferralAssigned, ReferralState, Side
from shared.publishing.outbox import Outbox


async def tell(
    session: AsyncSession, outbox: Outbox, event: Envelope, referral: ReferralState, by_side: Side | None
) -> list[PlainNotice]:
    """Tell everyone concerned of an event; returns the new notices.

    Raises Missing, before anything is written, when a fact that decides about it has not arrived.
    """
    parts = domain.audience(event.type, referral, by_side)
    if not parts:
        return []
    coordinated = "coordinator" in parts
    facts = await facts_about(session, referral, by_side, with_coordinators=coordinated)
    try:
        members = domain.members_told(parts - domain.FIRST, referral, facts.members)
        began_it = domain.members_told(parts & domain.FIRST, referral, facts.members)
    except UnknownMember as unknown:
        raise MissingDependency(f"member:{unknown.member_id}") from None
    people = _recipients(facts, members, event.actor)
    former = referral.former_member_id if isinstance(referral, ReferralAssigned) else None
    told = {who for member_id, who in people.items() if member_id != former}
    if "desk" in parts and _desk_address_is_its_own(facts, members):
        told.add(Recipient(facts.target.id, None))
    if coordinated:
        others = domain.coordinators(facts.members) - members  # who is of the desk too is told as the desk is
        told |= {_recipient(facts.members[each], as_coordinator=True) for each in others}
    cause = Cause(event.id, event.type, event.correlationid, referral.id, facts.about)
    made = await make_notices(session, outbox, cause, told)
    if former in people:
        taken = replace(cause, about=facts.about.model_copy(update={"taken_away": True}))
        made += await make_notices(session, outbox, taken, {people[former]})
    began = _recipients(facts, began_it, event.actor)
    if began:
        made += await make_notices(session, outbox, _from_the_beginning(cause, referral), began.values())
    return made


def _recipients(facts: Facts, members: frozenset[UUID], actor: str) -> dict[UUID, Recipient]:
    return {
        member_id: _recipient(facts.members[member_id])
        for member_id in members
        if str(member_id) != actor  # who did it knows
    }


def _recipient(member: Colleague, *, as_coordinator: bool = False) -> Recipient:
    return Recipient(member.organization_id, member.id, as_coordinator, member.by_mail)


def _from_the_beginning(cause: Cause, referral: ReferralState) -> Cause:
    """The cause as the first adviser of the chain is told of it: by the first referral, the one that opens there."""
    assert referral.root_id is not None, "a referral that was passed on says where its chain began"
    assert referral.root_reference is not None
    seen_from = {"reference": referral.root_reference, "first_organization_id": referral.first_source_organization_id}
    return replace(cause, referral_id=referral.root_id, about=cause.about.model_copy(update=seen_from))


def _desk_address_is_its_own(facts: Facts, members: frozenset[UUID]) -> bool:
    own = {facts.members[member_id].email.casefold() for member_id in members}
    return bool(facts.target.email) and str(facts.target.email).casefold() not in own


async def pass_on(session: AsyncSession, outbox: Outbox, organization_id: UUID) -> list[PlainNotice]:
    """Give to their heirs what members who left an organisation have not seen; returns the new notices.

    Mail that has not gone out to them is withdrawn. What has no heir yet, or a deputy not known yet, stays
    until a later change of the organisation's members brings one. Running it again changes nothing.
    """
    left = await _unseen_of_those_who_left(session, organization_id)
    if not left:
        return []
    members = await members_of(session, organization_id)
    made: list[PlainNotice] = []
    for notice, leaver in left:
        await _withdraw_mail(session, notice.id)
        about = notice.facts
        if about.to_coordinator:
            heirs = domain.coordinators(members)
        else:
            heirs = _heirs(leaver, about.side_of(organization_id), members)
        if heirs:
            cause = Cause(notice.event_id, notice.event_type, notice.correlation_id, notice.referral_id, notice.facts)
            told = [
                Recipient(organization_id, heir, about.to_coordinator, by_mail=members[heir].by_mail) for heir in heirs
            ]
            made += await make_notices(session, outbox, cause, told)
            notice.passed_on_at = utc_now()
            session.add(notice)
    await session.flush()
    return made


async def _unseen_of_those_who_left(session: AsyncSession, organization_id: UUID) -> list[tuple[Notice, Member]]:
    unseen = (
        select(Notice, Member)
        .join(Member, col(Member.id) == col(Notice.recipient_member_id))
        .where(
            Member.organization_id == organization_id,
            ~col(Member.active),
            col(Notice.seen_at).is_(None),
            col(Notice.passed_on_at).is_(None),
        )
        .order_by(col(Notice.id))
        .execution_options(populate_existing=True)
    )
    return [(notice, leaver) for notice, leaver in await session.exec(unseen)]


def _heirs(leaver: MemberCopy, side: Side, members: dict[UUID, Colleague]) -> frozenset[UUID]:
    try:
        return domain.heirs(leaver, side, members)
    except UnknownMember:
        return frozenset()


async def _withdraw_mail(session: AsyncSession, notice_id: UUID) -> None:
    waiting = update(Delivery).where(
        col(Delivery.notice_id) == notice_id, col(Delivery.status).in_(("pending", "failed"))
    )
    gone = {"status": "withdrawn", "next_attempt_at": None, "last_error": "the recipient has left"}
    await session.execute(waiting.values(**gone, version=col(Delivery.version) + 1))


async def mark_seen(session: AsyncSession, notice: Notice) -> Notice:
    """Write down that the recipient has seen a notice; the first time counts."""
    await session.refresh(notice, with_for_update=True)
    if notice.seen_at is None:
        notice.seen_at = utc_now()
        session.add(notice)
        await session.flush()
    return notice


async def preference_of(session: AsyncSession, member_id: UUID) -> Preference:
    """What a member has chosen; the defaults where it has chosen nothing."""
    found = await session.get(Preference, member_id)
    return found or Preference(member_id=member_id, updated_at=utc_now())


async def language_of(session: AsyncSession, member_id: UUID) -> str:
    """The language in which a member is told: its own choice, else that of its account."""
    chosen = (await preference_of(session, member_id)).language
    return chosen or (await session.get_one(Member, member_id)).language


async def choose(
    session: AsyncSession, member_id: UUID, *, email: bool, language: Language | None, now: datetime
) -> Preference:
    """Set both choices of a member; they hold for notices to come."""
    chosen = await session.merge(Preference(member_id=member_id, email=email, language=language, updated_at=now))
    await session.flush()
    return chosen
