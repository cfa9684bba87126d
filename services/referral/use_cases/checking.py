"""What there is to know before a referral is sent."""

from services.referral.queries.offers import answering
from services.referral.queries.recipients import desk_of, referable_service
from services.referral.schemas.sending import BeforeSending, BeforeSendingRequest, Duplicate
from services.referral.tables import Referral
from services.referral.tables.catalog_facts import CatalogService
from services.referral.unit_of_work import ActorUnitOfWork
from services.referral.use_cases.duplicates import duplicates_before, duplicates_of


async def before_sending(work: ActorUnitOfWork, asked: BeforeSendingRequest) -> BeforeSending:
    """What speaks against sending, if anything. Raises 422 where sending would, for want of a service or a desk."""
    service = await referable_service(work, asked.service_id)
    await desk_of(work, service.organization_id)
    answer = await answering(work, service, asked.urgency)
    return BeforeSending(**answer.model_dump(), duplicates=await duplicates_before(work, asked))


async def before_sending_draft(
    work: ActorUnitOfWork, draft: Referral, duplicates: list[Duplicate] | None = None
) -> BeforeSending | None:
    """The same of a draft that is shown; `duplicates` if they are known already. Refuses nothing.

    None where the service is not known here any more.
    """
    service = await work.fact(CatalogService, draft.service_id)
    if service is None:
        return None
    if duplicates is None:
        duplicates = await duplicates_of(work, draft)
    answer = await answering(work, service, draft.urgency)
    return BeforeSending(**answer.model_dump(), duplicates=duplicates)
