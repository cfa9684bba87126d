"""What the API answers about withdrawing a consent: what rests on it, and who has seen the client by it."""

from datetime import datetime
from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.referral.schemas.parts import Named
from services.referral.schemas.referrals import ChainLink


class Resting(ChainLink):
    """A referral that rests on consent; `ends_with_withdrawal` says whether withdrawing would end it."""

    ends_with_withdrawal: bool


class SeenBy(BaseModel):
    """That members of an organisation were shown something of a client, on one occasion.

    `what` it was: details of the client, with reason and legal basis; the texts of messages; or no more than that there
    is this referral of the client. `times` is how often. `member_ids` is given for the caller's own organisation only,
    `members` counts them for all.
    """

    reference: str
    organization: Named
    what: Literal["client", "messages", "reference"]
    occasion: str
    members: int
    member_ids: list[UUID] | None
    times: int
    first_at: datetime
    last_at: datetime


class WithdrawalPreview(BaseModel):
    """What a withdrawal would end, and what it can't undo. `possible`: whether `withdraw-consent` can be given now.

    `rests` begins with the referral itself and holds what was passed on from it by consent; what was passed on by
    a statute goes on, and is not in it.
    """

    possible: bool
    rests: list[Resting]
    seen_by: list[SeenBy]
