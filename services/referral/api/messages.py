"""Messages of a referral over HTTP."""

from typing import Annotated

from fastapi import Depends, Request, Response

from services.referral.api.dependencies import LockedReferralOf, ReferralOf, WorkOf, on_side_locked
from services.referral.api.repeating import Done, KeyOf, once, said_in
from services.referral.domain.lifecycle import Side
from services.referral.queries.messages import list_messages, unread_messages
from services.referral.schemas.messages import MessagePage, MessagesRead, MessageView, NewMessage, ReadUpTo
from services.referral.use_cases.messages import mark_read, message_view, show_messages, write_message
from shared.web.bodies import body, request_body
from shared.web.idempotency import KEY_TAKEN
from shared.web.pages import PageOf, next_link
from shared.web.routing import Router

router = Router(tags=["messages"])


@router.get(
    "/referrals/{referral_id}/messages",
    operation_id="listMessages",
    summary="Messages between the two sides, newest first",
)
async def get_messages(request: Request, work: WorkOf, referral: ReferralOf, page: PageOf) -> MessagePage:
    """The text of the other side's message is null once you may no longer read it. Listing marks nothing as read."""
    found = await list_messages(work, referral, page)
    shown = await show_messages(work, referral, found[: page.limit])
    unread = (await unread_messages(work, [referral]))[referral.id]
    return MessagePage(contents=shown, next=next_link(request, page, found), unread=unread)


@router.post(
    "/referrals/{referral_id}/messages",
    operation_id="createMessage",
    status_code=201,
    summary="Write to the other side",
    dependencies=[Depends(on_side_locked(*Side))],
    openapi_extra=request_body(NewMessage) | KEY_TAKEN,
)
async def post_message(
    request: Request,
    response: Response,
    work: WorkOf,
    referral: LockedReferralOf,
    new: Annotated[NewMessage, body(NewMessage)],
    key: KeyOf,
) -> MessageView:
    """The other side is told that there is a message; its text stays here."""

    async def written() -> Done[MessageView]:
        message = await write_message(work, referral, new.text)
        return Done(await message_view(work, referral, message), referral.client_id)

    return await once(response, work, (key, said_in(request, new)), MessageView, written)


@router.post(
    "/referrals/{referral_id}/messages/read",
    operation_id="markMessagesRead",
    summary="Mark messages of the other side as read",
    dependencies=[Depends(on_side_locked(*Side))],
    openapi_extra=request_body(ReadUpTo),
)
async def read_messages(
    work: WorkOf, referral: LockedReferralOf, read: Annotated[ReadUpTo, body(ReadUpTo)]
) -> MessagesRead:
    """All that the other side wrote up to the message `up_to`, for the whole of your side; the first time counts.

    The other side sees when, not who. The version stays.
    """
    return MessagesRead(unread=await mark_read(work, referral, read.up_to))
