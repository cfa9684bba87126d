"""What several requests and answers hold."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from services.referral.domain.lifecycle import Outcome, Reason
from shared.events.envelope import Names

Urgency = Literal["routine", "urgent"]
ToldBy = Literal["client", "representative"]
OnDuplicate = Literal["go_on", "ask"]
"""What to do when there may be a duplicate: go on and name it, or change nothing and ask."""


class Named(BaseModel):
    """An organisation or a service with its name in three languages."""

    id: UUID
    name: Names | None


class ReasonView(BaseModel):
    """A reason, and words where there are some that the caller may read."""

    code: Reason
    text: str | None = None


class OutcomeView(BaseModel):
    """An outcome, and words where there are some that the caller may read."""

    code: Outcome
    text: str | None = None


class Page(BaseModel):
    """One keyset page; `next` is the address of the following one, null at the end."""

    next: str | None
