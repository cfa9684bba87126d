"""What several answers have in common."""

from uuid import UUID

from pydantic import BaseModel

from shared.events.envelope import Names


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
