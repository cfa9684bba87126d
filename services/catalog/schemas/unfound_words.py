"""Words that were looked for and found nothing, over HTTP."""

from datetime import date

from pydantic import BaseModel, Field


class UnfoundWordView(BaseModel):
    """A word that at least three different members looked for within a quarter of a year, and that found nothing."""

    word: str
    searches: int = Field(description="How often members looked for it; those of before the third one are among them")
    last_on: date
