"""Desk work over HTTP: assigning, bulk answers and handing over, requests and answers."""

from typing import Literal, Self
from uuid import UUID

from pydantic import BaseModel, Field, model_validator

from services.referral.domain.lifecycle import Side, Status
from services.referral.schemas.commands import Decline, GivenReason, Nothing, no_needless_words
from shared.problems import ProblemDetails
from shared.web.requests import Body


class Assignment(Body):
    """Who looks after a referral from now on; null: nobody in particular."""

    member_id: UUID | None


class Chosen(Body):
    """One of several referrals, in the version that was seen."""

    id: UUID
    version: int


class Bulk(Body):
    """One answer to many referrals; what a decline carries is the same for all."""

    command: Literal["accept", "decline"]
    reason: GivenReason | None = None
    suggested_service_id: UUID | None = None
    referrals: list[Chosen] = Field(min_length=1, max_length=100)

    @model_validator(mode="after")
    def _carries_what_the_command_takes(self) -> Self:
        if self.command == "accept" and (self.reason or self.suggested_service_id):
            raise ValueError("accepting carries neither reason nor suggestion")
        if self.command == "decline":
            if self.reason is None:
                raise ValueError("say in `reason` why you decline")
            no_needless_words(self.reason)
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        if len({chosen.id for chosen in self.referrals}) < len(self.referrals):
            raise ValueError("name each referral once")
        return self

    def carried(self) -> Nothing | Decline:
        """What the command brings along to each of the referrals."""
        if self.reason is None:
            return Nothing()
        return Decline(reason=self.reason, suggested_service_id=self.suggested_service_id)


class HandOver(Body):
    """Who takes over; left out, it is the deputy whom the catalogue names."""

    to: UUID | None = None


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
    status: Status
    version: int
    side: Side


class HandedOver(BaseModel):
    """All that was handed over, oldest first, and to whom."""

    to: UUID
    contents: list[HandedOverReferral]
