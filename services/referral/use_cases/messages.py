"""Messages between the two sides of a referral."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import update
from sqlmodel import col, select

from services.referral.domain.lifecycle import Side, Status, may_write_messages
from services.referral.queries.messages import may_read, unread_messages
from services.referral.queries.visibility import side_of
from services.referral.schemas.messages import MessageView
from services.referral.tables import Message, Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.clients import note_disclosure
from services.referral.use_cases.deadlines import recompute_timers
from services.referral.use_cases.recording import record_message
from services.referral.use_cases.withholding import is_withheld
from services.referral.vault import seal, unseal
from shared.ids import new_id
from shared.problems import conflict, invalid


async def write_message(work: ActorUnitOfWork, referral: Referral, text: str) -> Message:
    """Write to the other side. Raises 409 before sending, after closing, and for a referral made in error."""
    status, closed = Status(referral.status), referral.closed_at is not None
    if not may_write_messages(status, was_sent=referral.sent_at is not None, is_closed=closed):
        raise conflict("Messages can be written from sending a referral until it is closed.", name="illegal-command")
    side = side_of(work.actor, referral)
    message_id = new_id()
    message = Message(
        id=message_id,
        referral_id=referral.id,
        side=side,
        member_id=work.actor.member_id,
        to_organization_id=referral.target_organization_id if side is Side.SOURCE else referral.source_organization_id,
        text=seal(await work.key_of(referral.client_id), text, f"message:{message_id}"),
        created_at=work.now,
        withheld=is_withheld(referral, side),
    )
    work.tx.insert(message)
    record_message(work, referral, message_id, side, work.actor.member_id)
    await recompute_timers(work, [referral])
    return message


async def message_view(work: ActorUnitOfWork, referral: Referral, message: Message) -> MessageView:
    """A message as the actor's side sees it; of the other side nobody is named."""
    side = side_of(work.actor, referral)
    readable = await may_read(work, referral, Side(message.side))
    key = await work.key_of(referral.client_id)
    return MessageView(
        id=message.id,
        side=message.side,
        member_id=message.member_id if message.side == side else None,
        text=unseal(key, message.text, f"message:{message.id}") if readable else None,
        created_at=message.created_at,
        read_at=message.read_at,
        read_by=message.read_by if message.side != side else None,
    )


async def show_messages(work: ActorUnitOfWork, referral: Referral, messages: Sequence[Message]) -> list[MessageView]:
    """Messages of the referral as the actor's side sees them. Showing a text is written down."""
    shown = [await message_view(work, referral, message) for message in messages]
    if any(message.text is not None for message in shown):
        note_disclosure(work, referral.client_id, "messages", referral.id)
    return shown


async def mark_read(work: ActorUnitOfWork, referral: Referral, up_to: UUID) -> int:
    """Mark what the other side wrote, up to a message of either side, as read; returns how much is still unread.

    What the actor may no longer read is not marked. The first reading by a side counts. Raises 422 for a message
    that is none of this referral.
    """
    known = select(Message.id).where(Message.id == up_to, Message.referral_id == referral.id)
    if await work.tx.first(known) is None:
        errors = [{"field": "up_to", "message": "no message of this referral"}]
        raise invalid("Name a message of this referral; GET lists them.", errors, name="unknown-message")
    side = side_of(work.actor, referral)
    other = Side.TARGET if side is Side.SOURCE else Side.SOURCE
    if await may_read(work, referral, other):
        unread = update(Message).where(
            col(Message.referral_id) == referral.id,
            col(Message.side) == other,
            col(Message.id) <= up_to,
            col(Message.read_at).is_(None),
        )
        await work.tx.execute(unread.values(read_at=work.now, read_by=work.actor.member_id))
    return (await unread_messages(work, [referral]))[referral.id]
