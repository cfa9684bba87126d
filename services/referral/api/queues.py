"""Queues over HTTP."""

from fastapi import Request

from services.referral.api.dependencies import WorkOf
from services.referral.api.lists import list_address
from services.referral.domain.referral_filter import BOXES
from services.referral.queries.queues import count_queues
from services.referral.schemas.queues import QueueCount, QueueCounts
from shared.web.routing import Router

router = Router(tags=["referrals"])


@router.get(
    "/referrals/counts", operation_id="countReferrals", summary="How many referrals wait in each of your queues"
)
async def get_counts(request: Request, work: WorkOf) -> QueueCounts:
    """A number for every queue of your roles, those of what your organisation sent and of what it received.

    Each is the length of the list whose address stands beside it. It goes up to 1,000; then `more` is true.
    """
    return QueueCounts(
        contents=[
            QueueCount(
                box=BOXES[queue.filter.box],
                queue=queue.name,
                count=length,
                more=longer,
                list=list_address(request, queue.filter),
            )
            for queue, length, longer in await count_queues(work)
            if queue.filter.box is not None
        ]
    )
