"""Queues over HTTP: how many referrals wait where."""

from pydantic import BaseModel, Field

from services.referral.domain.queues import MOST_COUNTED, QueueName
from services.referral.domain.referral_filter import Box


class QueueCount(BaseModel):
    """How many referrals are in a queue, and the address of the list that holds them."""

    box: Box
    queue: QueueName
    count: int = Field(ge=0, le=MOST_COUNTED)
    more: bool = Field(description="There are more than `count`, which goes no further")
    list: str = Field(
        description="Address of the list that `count` is the length of", json_schema_extra={"format": "uri-reference"}
    )


class QueueCounts(BaseModel):
    """The queues of the caller. A referral may be in several of them."""

    contents: list[QueueCount]
