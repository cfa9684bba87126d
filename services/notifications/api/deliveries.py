"""How the notices to the caller's organisation went."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request

from services.notifications.api.answers import delivery_view
from services.notifications.queries.deliveries import deliveries_of_organization
from services.notifications.schemas.deliveries import DeliveryPage, DeliveryStatus
from shared.web.json_api import ActorOf, TransactionOf
from shared.web.pages import PageOf, next_link
from shared.web.routing import Router

router = Router(tags=["deliveries"])


@router.get(
    "/deliveries", operation_id="listDeliveries", summary="How the notices to my organisation went, newest first"
)
async def list_deliveries(
    request: Request,
    actor: ActorOf,
    tx: TransactionOf,
    page: PageOf,
    referral_id: Annotated[UUID | None, Query(description="Only those about this referral")] = None,
    status: Annotated[
        list[DeliveryStatus] | None, Query(description="Only those that stand so; may be repeated")
    ] = None,
) -> DeliveryPage:
    found = await deliveries_of_organization(
        tx, actor, limit=page.limit + 1, before=page.after, referral_id=referral_id, status=status
    )
    contents = [delivery_view(delivery, notice) for delivery, notice in found[: page.limit]]
    return DeliveryPage(contents=contents, next=next_link(request, page, [delivery for delivery, _ in found]))
