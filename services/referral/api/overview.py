"""The coordinator's overview over HTTP."""

import asyncio
from typing import Annotated, Final

from fastapi import Depends, Query, Request, Response

from services.referral.api.csv_answers import CSV_TOO, CsvWith, csv_response, json_response
from services.referral.api.dependencies import WorkOf, requires
from services.referral.api.report_csv import figures_as_csv
from services.referral.domain.attention import Attention
from services.referral.domain.lifecycle import Status
from services.referral.domain.periods import period_asked
from services.referral.queries.figures import overview_figures
from services.referral.queries.names import NamesOf
from services.referral.queries.overview import OverviewFilter, overview, overview_referral, overview_referrals
from services.referral.schemas.overview import Cut, Overview, OverviewFigures, OverviewPage
from shared.values.days import Day
from shared.web.pages import PageOf, next_link
from shared.web.routing import Router

router = Router(tags=["overview"], dependencies=[Depends(requires("coordinator"))])

From = Annotated[Day | None, Query(alias="from", description="First day of sending, in Kuopio")]
To = Annotated[Day | None, Query(description="Last day of sending, in Kuopio")]


MOST_ROWS: Final = 10_000
Limit = Annotated[int, Query(ge=1, le=MOST_ROWS, description="Where there are more rows: those with most sent")]


@router.get("/overview", operation_id="getOverview", summary="How referrals stand, by receiving organisation")
async def get_overview(work: WorkOf, from_: From = None, to: To = None) -> Overview:
    """Coordinators only. Where most are waiting comes first. Nothing about any client. A year, without `from`."""
    period = period_asked(from_, to, work.today)
    rows = await overview(work, period)
    return Overview(first=period.first, last=period.last, contents=rows, total=sum(row.sent for row in rows))


@router.get(
    "/overview/figures",
    operation_id="getOverviewFigures",
    summary="Referrals counted by who sent them, to whom, or when",
    response_model=OverviewFigures,
    responses=CSV_TOO,
)
async def get_overview_figures(
    work: WorkOf,
    by: Annotated[list[Cut] | None, Query(description="May be repeated; by month unless given")] = None,
    from_: From = None,
    to: To = None,
    limit: Limit = MOST_ROWS,
    csv_with: CsvWith = None,
) -> Response:
    """Coordinators only. Exact figures, for their own work: to pass figures on, take `/report`, which is anonymous.

    A year, unless `from` is given. `left_out` says how many rows there are beyond `limit`.
    """
    found = await overview_figures(work, by or ["month"], period_asked(from_, to, work.today), limit)
    if csv_with is not None:
        return csv_response(await asyncio.to_thread(figures_as_csv, found, csv_with), "figures.csv")
    return await json_response(found)


async def overview_filter(
    from_: From = None,
    to: To = None,
    status: Annotated[list[Status] | None, Query()] = None,
    attention: Annotated[Attention | None, Query(description="Ended, and open for this reason")] = None,
    overdue: Annotated[bool | None, Query(description="Not answered, though the answer was due")] = None,
) -> OverviewFilter:
    """Which referrals are asked for."""
    return OverviewFilter(from_, to, status or (), attention, overdue)


@router.get(
    "/overview/referrals", operation_id="listOverviewReferrals", summary="Referrals across organisations, newest first"
)
async def get_overview_referrals(
    request: Request, work: WorkOf, page: PageOf, only: Annotated[OverviewFilter, Depends(overview_filter)]
) -> OverviewPage:
    """Coordinators only. Reference, organisations, service, status and times; never a client or free text."""
    found = await overview_referrals(work, page, only)
    shown = found[: page.limit]
    names = await NamesOf.referrals(work, shown)
    return OverviewPage(contents=[overview_referral(row, names) for row in shown], next=next_link(request, page, found))
