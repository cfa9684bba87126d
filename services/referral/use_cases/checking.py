"""What there is to know before a referral is sent."""

from services.referral.schemas import BeforeSendingRequest
from services.referral.tables import Referral
from services.referral.use_cases.duplicates import duplicates_before, duplicates_of
from services.referral.use_cases.recipients import desk_of, referable_service
from services.referral.views import BeforeSending, Duplicate
from services.referral.work import ActorWork


async def before_sending(work: ActorWork, asked: BeforeSendingRequest) -> BeforeSending:
    """What speaks against sending, if anything. Raises 422 where sending would, for want of a service or a desk."""
    service = await referable_service(work, asked.service_id)
    await desk_of(work, service.organization_id)
    return BeforeSending(duplicates=await duplicates_before(work, asked))


async def before_sending_draft(
    work: ActorWork, draft: Referral, duplicates: list[Duplicate] | None = None
) -> BeforeSending:
    """The same of a draft that is shown; `duplicates` if they are known already. Refuses nothing."""
    if duplicates is None:
        duplicates = await duplicates_of(work, draft)
    return BeforeSending(duplicates=duplicates)
