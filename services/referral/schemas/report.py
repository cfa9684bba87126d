"""What the report API answers, as JSON and as CSV."""

from datetime import date

from pydantic import BaseModel, Field

from services.referral.domain.report import Dimension
from services.referral.schemas.parts import Named


class FiguresView(BaseModel):
    """The figures of a row. All are null where it is blanked; the median also where fewer than five were answered."""

    sent: int | None = None
    accepted: int | None = None
    declined: int | None = None
    completed: int | None = None
    cancelled_or_expired: int | None = None
    not_closed: int | None = None
    median_working_hours_to_answer: float | None = Field(None, description="A working day has 24")


class PeriodView(BaseModel):
    """Days from `first` to `last`, both included; `kind` is month, quarter, year or whole."""

    kind: str
    first: date
    last: date


class ReportRow(FiguresView):
    """Referrals that have something in common; null where the report does not ask for it.

    An organisation without service, in a report by service, stands for its services together.
    """

    organization: Named | None
    service: Named | None
    language: str | None
    period: PeriodView
    blanked: bool


class ReportTotal(FiguresView):
    """All referrals of the report, those of blanked rows too; blanked where it would give a row away."""

    blanked: bool


class ReportView(BaseModel):
    """A report. `first` and `last` are the days that it covers: whole months. `k` is the fewest that a row is of."""

    by: list[Dimension]
    first: date
    last: date
    k: int
    contents: list[ReportRow]
    total: ReportTotal
