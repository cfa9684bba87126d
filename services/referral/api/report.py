"""Reports over HTTP, as JSON and as CSV: of all organisations, or of what one's own has sent or received."""

import asyncio
from datetime import date
from typing import Annotated, Final

from fastapi import Depends, Query, Response

from services.referral.api.csv_answers import CSV_TOO, CsvWith, csv_response, json_response
from services.referral.api.dependencies import WorkOf
from services.referral.api.overview import From, To
from services.referral.api.report_csv import as_csv
from services.referral.domain.periods import months_asked
from services.referral.domain.referral_filter import Box
from services.referral.domain.report import Dimension
from services.referral.queries.report import referral_report
from services.referral.schemas.report import ReportView
from shared.problems import invalid
from shared.web.routing import Router

router = Router(tags=["overview"])

_REPORTED_TO: Final[dict[Box | None, tuple[str, ...]]] = {
    None: ("coordinator",),
    "received": ("recipient", "admin"),
    "sent": ("adviser", "admin"),
}


async def _own_box(
    work: WorkOf,
    box: Annotated[
        Box | None, Query(description="What your own organisation sent or received; all organisations unless given")
    ] = None,
) -> Box | None:
    """Of what the report is. Raises 403 for whom it is not."""
    work.actor.require(*_REPORTED_TO[box])
    return box


@router.get(
    "/report", operation_id="getReport", summary="Referrals counted", response_model=ReportView, responses=CSV_TOO
)
async def get_report(
    work: WorkOf,
    box: Annotated[Box | None, Depends(_own_box)],
    by: Annotated[
        list[Dimension] | None, Query(description="May be repeated; by organisation, and what was received by service")
    ] = None,
    from_: From = None,
    to: To = None,
    csv_with: CsvWith = None,
) -> Response:
    """For coordinators of all organisations; with `box=sent` or `received` of your own, for its administrators, and for
    its advisers or its recipients. Whole months of sending, twelve unless the first is said; no row is of fewer than
    five referrals, and none can be calculated from the others: periods are widened, then rows are left out.
    """
    _check_order(from_, to)
    whole = months_asked(from_, to, work.today)
    found = await referral_report(work, box, by or ["service" if box == "received" else "organization"], whole)
    if csv_with is not None:
        return csv_response(await asyncio.to_thread(as_csv, found, csv_with), "report.csv")
    return await json_response(found)


def _check_order(first: date | None, last: date | None) -> None:
    if first is not None and last is not None and first > last:
        detail = "The report would end before it begins. Give `from` no later than `to`."
        raise invalid(detail, [{"field": "query.to", "message": "earlier than `from`"}])
