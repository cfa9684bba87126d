"""What there is to know before a referral is sent."""

from services.referral.queries.offers import answering
from services.referral.queries.recipients import Recipient, find_recipient, recipient_of, require_desk
from services.referral.schemas.sending import BeforeSending, BeforeSendingRequest, Duplicate
from services.referral.tables import Referral
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.duplicates import duplicates_before, duplicates_of


async def before_sending(work: ActorUnitOfWork, asked: BeforeSendingRequest) -> BeforeSending:
    """What speaks against sending, if anything. Raises 422 where sending would, for want of a service or a desk."""
    recipient = await recipient_of(work, asked.service_id)
    require_desk(recipient)
    answer = answering(work, recipient, asked.urgency)
    return BeforeSending(**answer.model_dump(), duplicates=await duplicates_before(work, asked))


async def before_sending_draft(work: ActorUnitOfWork, draft: Referral) -> BeforeSending | None:
    """The same of a draft that is shown. Refuses nothing; None where the service is not known here any more."""
    recipient = await find_recipient(work, draft.service_id)
    if recipient is None:
        return None
    return before_sending_new_draft(work, draft, recipient, await duplicates_of(work, draft))


def before_sending_new_draft(
    work: ActorUnitOfWork, draft: Referral, recipient: Recipient, duplicates: list[Duplicate]
) -> BeforeSending:
    """The same of a draft whose recipient and duplicates are known."""
    answer = answering(work, recipient, draft.urgency)
    return BeforeSending(**answer.model_dump(), duplicates=duplicates)
