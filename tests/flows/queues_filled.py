"""A referral service with many referrals in every state, written straight into its tables, and what each list holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from sqlalchemy import text

from services.referral.domain.attention import Attention, attention
from services.referral.domain.lifecycle import DISCLOSED, TERMINAL, Side, Status, is_open
from services.referral.domain.references import new_reference
from services.referral.domain.referral_filter import DueWhen, ReferralFilter
from services.referral.tables import Message, Referral, Timer
from shared.ids import new_id
from tests.builders import Someone, Town
from tests.platform import Platform
from tests.referring import sent_referral

NOW = datetime(2026, 11, 18, 9, tzinfo=UTC)
"""The moment that the clock shows in tests with these."""


@dataclass
class Filled:
    """What was written: referrals, the moments of their reminders, and to whom messages were that nobody has read."""

    town: Town
    referrals: list[Referral]
    reminders: dict[UUID, datetime]
    unread: set[tuple[UUID, UUID]]

    def listed(self, who: Someone, wanted: ReferralFilter) -> list[Referral]:
        """The referrals of a list, newest first, by the rules of the domain."""
        found = [each for each in self.referrals if self._holds(each, who, wanted)]
        return sorted(found, key=lambda each: each.id, reverse=True)

    def _holds(self, each: Referral, who: Someone, wanted: ReferralFilter) -> bool:
        side, status = self._side(each, who), Status(each.status)
        if side is None:
            return False
        unseen = self.attention(each) is Attention.ANSWER_UNSEEN
        still_open = is_open(status, was_sent=each.sent_at is not None, is_closed=each.closed_at is not None)
        assignee = {"me": who.id, "none": None}.get(str(wanted.assigned), wanted.assigned)
        return all(
            (
                wanted.box in (None, side),
                not wanted.statuses or status in wanted.statuses,
                wanted.only_open in (None, still_open),
                wanted.assigned is None or (side is Side.TARGET and each.assigned_member_id == assignee),
                wanted.attention in (None, self.attention(each)),
                wanted.unseen_answers in (None, unseen),
                wanted.unread_messages in (None, self._has_unread(each, who, side)),
                wanted.due in (None, self._due(each)),
                wanted.business_status in (None, each.business_status),
                wanted.reference in (None, each.reference),
            )
        )

    @staticmethod
    def _side(each: Referral, who: Someone) -> Side | None:
        if each.source_organization_id == who.organization_id:
            return Side.SOURCE if "adviser" in who.roles or ("recipient" in who.roles and each.parent_id) else None
        received = each.target_organization_id == who.organization_id and each.sent_at is not None
        return Side.TARGET if received and "recipient" in who.roles else None

    @staticmethod
    def attention(each: Referral) -> Attention | None:
        """Why a referral that has ended is still open."""
        return attention(
            Status(each.status),
            was_sent=each.sent_at is not None,
            is_closed=each.closed_at is not None,
            ended_by=Side(each.reason_side) if each.reason_side else None,
            answer_seen=each.answer_seen_at is not None,
        )

    def _has_unread(self, each: Referral, who: Someone, side: Side) -> bool:
        if (each.id, who.organization_id) not in self.unread:
            return False
        if side is Side.TARGET:
            return each.status in DISCLOSED or each.status == Status.REQUESTED
        above = {one.id: one.status for one in self.referrals}
        return each.parent_id is None or above[each.parent_id] in DISCLOSED

    def _due(self, each: Referral) -> DueWhen | None:
        if each.status != Status.REQUESTED or each.respond_by is None:
            return None
        if each.respond_by <= NOW:
            return DueWhen.OVERDUE
        return DueWhen.SOON if self.reminders[each.id] <= NOW else None


async def filled(platform: Platform, town: Town, count: int, seed: int = 0) -> Filled:
    """Write `count` referrals between Navigaattori, Business Kuopio and Kompassi; the clock then shows NOW."""
    client_id = UUID((await sent_referral(platform, town))["client"]["id"])
    async with platform.owners["referral"].transaction() as tx:
        for table in ("timers", "timeline", "idempotency_keys", "referrals"):
            await tx.execute(text(f"DELETE FROM {table}"))
    platform.clock.set(NOW)
    chance, rows = Random(seed), list[Referral]()
    for _ in range(count):
        rows.append(_row(chance, town, client_id, rows))
    timers = {each.id: _reminder(chance, each) for each in rows if each.status == Status.REQUESTED and each.respond_by}
    messages = [message for each in rows if each.sent_at for message in _messages(chance, each)]
    async with platform.databases["referral"].transaction() as tx:
        tx.insert(*rows)
        await tx.flush()
        tx.insert(*timers.values(), *messages)
    unread = {(each.referral_id, each.to_organization_id) for each in messages if each.read_at is None}
    return Filled(town, rows, {referral_id: timer.due_at for referral_id, timer in timers.items()}, unread)


def _row(chance: Random, town: Town, client_id: UUID, before: list[Referral]) -> Referral:
    """A referral in a state that there can be."""
    status = chance.choice(list(Status))
    source, target = chance.sample([town.navigaattori, town.business, town.kompassi], 2)
    created_at = NOW - timedelta(days=chance.randrange(60), minutes=chance.randrange(3))
    sent = status != Status.DRAFT and (
        status not in (Status.CANCELLED, Status.ENTERED_IN_ERROR) or chance.random() < 0.7
    )
    ended_by = chance.choice(["source", "target", None]) if status == Status.CANCELLED else "target"
    ended = status in TERMINAL
    parent = chance.choice(before) if before and chance.random() < 0.3 else None
    referral_id = new_id()
    return Referral(
        id=referral_id,
        reference=new_reference(chance.choice),
        version=1,
        status=status,
        urgency="routine",
        language="ar",
        client_id=client_id,
        service_id=town.advice,
        source_organization_id=source,
        source_member_id=town.adviser.id,
        target_organization_id=target,
        assigned_member_id=chance.choice([town.desk.id, town.bystander.id, None]),
        root_id=parent.root_id if parent else referral_id,
        parent_id=parent.id if parent else None,
        chain_depth=2 if parent else 1,
        root_reference="KUO-2222-2F" if parent else None,
        first_source_organization_id=town.navigaattori if parent else None,
        first_source_member_id=town.adviser.id if parent else None,
        texts=b"sealed",
        reason_side=ended_by if ended else None,
        business_status="expired" if status == Status.CANCELLED and sent and ended_by is None else None,
        created_at=created_at,
        updated_at=created_at + timedelta(hours=chance.randrange(48)),
        sent_at=created_at if sent else None,
        respond_by=NOW + timedelta(hours=chance.randrange(-72, 72)) if sent and chance.random() < 0.8 else None,
        answer_seen_at=NOW if ended and sent and chance.random() < 0.5 else None,
        closed_at=NOW if ended and sent and chance.random() < 0.3 else None,
    )


def _reminder(chance: Random, each: Referral) -> Timer:
    assert each.respond_by is not None
    due_at = each.respond_by - timedelta(hours=chance.randrange(1, 48))
    return Timer(referral_id=each.id, kind="due_soon", since=each.created_at, due_at=due_at)


def _messages(chance: Random, each: Referral) -> Iterable[Message]:
    ends = {"source": each.target_organization_id, "target": each.source_organization_id}
    for side, to in ends.items():
        for _ in range(chance.choice([0, 0, 1, 2])):
            read_at = chance.choice([None, NOW])
            yield Message(
                id=new_id(),
                referral_id=each.id,
                side=side,
                member_id=each.source_member_id,
                to_organization_id=to,
                text=b"sealed",
                created_at=NOW,
                read_at=read_at,
            )
