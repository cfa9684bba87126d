"""Statistics of a service over HTTP, as the referral service last published them."""

from datetime import datetime

from pydantic import Field

from shared.web.answers import Answer, Maybe, absent


class DeclineReasonView(Answer):
    """How many referrals were declined for one reason; `other` also holds those too rare to be shown."""

    code: str
    referrals: int


class FactsView(Answer):
    """How the network fares with a service; a figure that would rest on fewer than five referrals is left out.

    Counts are in fives, rounded down, so that no two answers tell of one referral.
    """

    window_days: int = Field(description="Referrals sent in so many days up to `as_of`, and those still open")
    referrals: int
    acceptance_rate: Maybe[float] = absent("Accepted of answered, from 0 to 1, in tenths")
    median_working_hours_to_answer: Maybe[float] = absent("A working day has 24; in steps of six")
    decline_reasons: list[DeclineReasonView]
    open: int
    overdue: int = Field(description="Of the open ones, those whose answer is late")
    as_of: datetime = Field(description="When the figures became what they are")
