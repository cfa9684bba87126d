"""What the referral API answers about desk work: many referrals at once, and handing over."""

from uuid import UUID

from pydantic import BaseModel

from shared.problems import ProblemDetails


class BulkResult(BaseModel):
    """What a request for this referral alone would have been answered; `version` is the present one, where seen."""

    id: UUID
    status: int
    version: int | None = None
    problem: ProblemDetails | None = None


class BulkResults(BaseModel):
    """A result for each referral, in the order of the request."""

    contents: list[BulkResult]


class HandedOverReferral(BaseModel):
    """A referral that was handed over, and the side on which it was looked after."""

    id: UUID
    reference: str
    status: str
    version: int
    side: str


class HandedOver(BaseModel):
    """All that was handed over, oldest first, and to whom."""

    to: UUID
    contents: list[HandedOverReferral]
