"""What a change leaves behind: the row with a higher version, an event in the outbox, an entry in the timeline."""

from uuid import UUID

from services.referral.domain.lifecycle import Side
from services.referral.tables import Referral, TimelineEntry
from services.referral.unit_of_work import UnitOfWork
from shared.events import Payload
from shared.events.referral import MessageSent, ReferralAssigned, ReferralState


def state(referral: Referral, side: Side | None) -> ReferralState:
    """The referral as events carry it: no client, no free text."""
    fields = {name: getattr(referral, name) for name in ReferralState.model_fields if hasattr(referral, name)}
    return ReferralState.model_validate({**fields, "by_side": side})


_NO_NEWS = ("handed_over",)
"""Changes after which a referral still counts as one that nobody has done anything about."""


def record_change(work: UnitOfWork, referral: Referral, event: str, side: Side | None, member_id: UUID | None) -> None:
    """Raise the version, write the row, and record `referral.<event>.v1`; `side` and `member_id` say who did it."""
    _raise_version(work, referral)
    if side is not None and event not in _NO_NEWS:
        referral.news_at = work.now
    _record(work, referral, event, side, member_id, state(referral, side))


def record_assignment(work: UnitOfWork, referral: Referral, former: UUID | None, side: Side, member_id: UUID) -> None:
    """Raise the version, and record that the referral is assigned to the member it names now, no longer to `former`."""
    _raise_version(work, referral)
    referral.news_at = work.now
    data = ReferralAssigned(**state(referral, side).model_dump(), former_member_id=former)
    _record(work, referral, "assigned", side, member_id, data)


def record_message(work: UnitOfWork, referral: Referral, message_id: UUID, side: Side, member_id: UUID) -> None:
    """Record that a message was sent; messages do not raise the version."""
    referral.news_at = work.now
    data = MessageSent(message_id=message_id, side=side, referral=state(referral, side))
    _record(work, referral, "message_sent", side, member_id, data)


def record_unseen(work: UnitOfWork, referral: Referral, event: str, side: Side, member_id: UUID) -> None:
    """Record `referral.<event>.v1` by a side whose other side is not to notice: version and moments stay."""
    _record(work, referral, event, side, member_id, state(referral, side))


def record_aside(work: UnitOfWork, referral: Referral, event: str, side: Side | None = None) -> None:
    """Record as `referral.<event>.v1` what concerns the referral and is no change of it: its version stays.

    A timer was due, or something happened to the organisation on `side`.
    """
    _record(work, referral, event, side, None, state(referral, side))


def _raise_version(work: UnitOfWork, referral: Referral) -> None:
    referral.version += 1
    referral.updated_at = work.now


def _record(
    work: UnitOfWork, referral: Referral, event: str, side: Side | None, member_id: UUID | None, data: Payload
) -> None:
    work.tx.update(referral)
    recorded = work.outbox.record(work.tx, f"referral.{event}.v1", referral.id, referral.version, data)
    work.tx.insert(
        TimelineEntry(
            event_id=recorded.id,
            referral_id=referral.id,
            event_type=recorded.type,
            at=work.now,
            version=referral.version,
            status=referral.status,
            side=side,
            member_id=member_id,
            reason_code=referral.reason_code,
            outcome_code=referral.outcome_code,
        )
    )
