"""Which page of a list a caller wants, where lists are continued after the last id seen. `web/pages.py` reads it."""

from uuid import UUID

from pydantic import BaseModel


class Keyset(BaseModel):
    """What comes after the id `after`, at most `limit` of them."""

    after: UUID | None
    limit: int
