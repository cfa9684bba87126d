"""What several requests and answers hold."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, StringConstraints

from shared.events.envelope import Names

Line = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Text = Annotated[str, StringConstraints(min_length=1, max_length=4000)]
LanguageTag = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?$")]
"""A BCP 47 tag of language, script and region: it travels in events, so it must have no room for free text."""

EmailAddress = Annotated[str, StringConstraints(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$")]
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
