"""What several requests and answers hold."""

from typing import Literal
from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import Names

Urgency = Literal["routine", "urgent"]
OnDuplicate = Literal["go_on", "ask"]
"""What to do when there may be a duplicate: go on and name it, or change nothing and ask."""


class Named(BaseModel):
    """An organisation or a service with its name in three languages."""

    id: UUID
    name: Names | None


class CodedText(BaseModel):
    """A code, and words where there are some that the caller may read."""

    code: str
    text: str | None = None


class Page(BaseModel):
    """One keyset page; `next` is the address of the following one, null at the end."""

    next: str | None
