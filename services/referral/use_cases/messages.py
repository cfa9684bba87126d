"""Messages between the two sides of a referral."""

from sqlmodel import col, select

from services.referral.domain import Status, discloses, may_write_messages
from services.referral.history import message_sent
from services.referral.scope import side_of
from services.referral.tables import Message, Referral
from services.referral.vault import seal, unseal
from services.referral.views import MessageView
from services.referral.work import ActorWork
from shared.ids import new_id
from shared.pages import Keyset
from shared.problems import conflict


async def write_message(work: ActorWork, referral: Referral, text: str) -> Message:
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
        text=seal(await work.key_of(referral.client_id), text, f"message:{message_id}"),
        created_at=work.now,
    )
    work.session.add(message)
    message_sent(work, referral, message_id, side, work.actor.member_id)
    return message


async def list_messages(work: ActorWork, referral: Referral, page: Keyset) -> list[Message]:
    """The messages of a referral, newest first: one row more than the page holds, if there is one."""
    query = select(Message).where(Message.referral_id == referral.id)
    if page.after is not None:
        query = query.where(col(Message.id) < page.after)
    return list((await work.session.exec(query.order_by(col(Message.id).desc()).limit(page.limit + 1))).all())


async def message_view(work: ActorWork, referral: Referral, message: Message) -> MessageView:
    """A message as the actor's side sees it.

    The two sides may clear up questions before the target accepts; once it may no longer know the client,
    it no longer reads what the source wrote.
    """
    side = side_of(work.actor, referral)
    status = Status(referral.status)
    readable = message.side == side or discloses(side, status) or status is Status.REQUESTED
    key = await work.key_of(referral.client_id)
    return MessageView(
        id=message.id,
        side=message.side,
        member_id=message.member_id if message.side == side else None,
        text=unseal(key, message.text, f"message:{message.id}") if readable else None,
        created_at=message.created_at,
    )
