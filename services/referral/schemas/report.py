"""What the report API answers, as JSON and as CSV."""

from datetime import date

from pydantic import BaseModel, Field

from services.referral.domain.periods import PeriodKind
from services.referral.domain.referral_filter import Box
from services.referral.domain.report import Dimension
from services.referral.schemas.parts import Named


class FiguresView(BaseModel):
    """The figures of a row. All are null in a total that is blanked; the median where fewer than five were answered."""

    sent: int | None = None
    accepted: int | None = None
    declined: int | None = None
    completed: int | None = None
    cancelled_or_expired: int | None = None
    not_closed: int | None = None
    median_working_hours_to_answer: float | None = Field(None, description="A working day has 24")


class PeriodView(BaseModel):
    """Days from `first` to `last`, both included; `kind` is month, quarter, year or whole."""

    kind: PeriodKind
    first: date
    last: date


class ReportRow(FiguresView):
    """Referrals that have something in common; null where the report does not ask for it.

    What would have fewer than five, and what would give that away, has no row, like what has none at all. An
    organisation without service, in a report by service, stands for its services together.
    """

    organization: Named | None
    service: Named | None
    language: str | None
    period: PeriodView
    blanked: bool = Field(False, description="Always false: a row that would be blanked is left out")


class ReportTotal(FiguresView):
    """All referrals of the report, those without a row too; blanked where there are fewer than five, or none."""

    blanked: bool


class ReportView(BaseModel):
    """A report of all organisations, or of what the caller's own sent or received (`box`).

    `first` and `last` are the days that it covers: whole months. `k` is the fewest that a row is of.
    """

    box: Box | None
    by: list[Dimension]
    first: date
    last: date
    k: int
    contents: list[ReportRow]
    total: ReportTotal
