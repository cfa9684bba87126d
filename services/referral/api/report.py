"""Reports over HTTP, as JSON and as CSV: of all organisations, or of what one's own has sent or received."""

from datetime import date
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Header, Query, Response

from services.referral.api.dependencies import WorkOf
from services.referral.api.overview import From, To
from services.referral.api.report_csv import CSV_TYPE, Separator, as_csv
from services.referral.domain.referral_filter import Box
from services.referral.domain.report import Dimension
from services.referral.queries.report import referral_report
from services.referral.schemas.report import ReportView
from shared.problems import invalid
from shared.web.routing import Router

router = Router(tags=["overview"])

_CSV: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}

_REPORTED_TO: Final[dict[Box | None, tuple[str, ...]]] = {
    None: ("coordinator",),
    "received": ("recipient", "admin"),
    "sent": ("adviser", "admin"),
}


def _own_box(
    work: WorkOf,
    box: Annotated[
        Box | None, Query(description="What your own organisation sent or received; all organisations unless given")
    ] = None,
) -> Box | None:
    """Of what the report is. Raises 403 for whom it is not."""
    work.actor.require(*_REPORTED_TO[box])
    return box


def _csv_with(
    form: Annotated[Literal["json", "csv"] | None, Query(alias="format", description="Outweighs `Accept`")] = None,
    separator: Annotated[
        Separator, Query(description="Of the CSV; with semicolons, for Excel in Finland, decimals have a comma")
    ] = "comma",
    accept: Annotated[str, Header()] = "",
) -> Separator | None:
    """The separator of a report that is wanted as CSV; None for JSON."""
    return separator if form == "csv" or (form is None and _prefers_csv(accept)) else None


@router.get("/report", operation_id="getReport", summary="Referrals counted", response_model=ReportView, responses=_CSV)
async def get_report(
    work: WorkOf,
    response: Response,
    box: Annotated[Box | None, Depends(_own_box)],
    by: Annotated[
        list[Dimension] | None, Query(description="May be repeated; by organisation, and what was received by service")
    ] = None,
    from_: From = None,
    to: To = None,
    csv_with: Annotated[Separator | None, Depends(_csv_with)] = None,
) -> ReportView | Response:
    """For coordinators of all organisations; with `box=sent` or `received` of your own, for its administrators, and for
    its advisers or its recipients. Whole months of sending; no row is of fewer than five referrals, and none can be
    calculated from the others: periods are widened, then rows are left out.
    """
    _check_order(from_, to)
    found = await referral_report(work, box, by or ["service" if box == "received" else "organization"], from_, to)
    if csv_with is not None:
        headers = {"Content-Disposition": 'attachment; filename="report.csv"', "Vary": "Accept"}
        return Response(as_csv(found, csv_with), media_type=CSV_TYPE, headers=headers)
    response.headers["Vary"] = "Accept"
    return found


def _check_order(first: date | None, last: date | None) -> None:
    if first is not None and last is not None and first > last:
        detail = "The report would end before it begins. Give `from` no later than `to`."
        raise invalid(detail, [{"field": "query.to", "message": "earlier than `from`"}])


def _prefers_csv(accept: str) -> bool:
    """Whether the `Accept` header wants CSV more than JSON; JSON where it does not say."""
    return _weight(accept, "text/csv") > _weight(accept, "application/json")


def _weight(accept: str, media_type: str) -> float:
    """The quality that a header gives to a media type by its name (RFC 9110, section 12.5.1); 0 when unnamed."""
    for part in accept.lower().split(","):
        name, *parameters = (each.strip() for each in part.split(";"))
        if name == media_type:
            given = [each[2:] for each in parameters if each.startswith("q=")]
            try:
                return float(given[0]) if given else 1.0
            except ValueError:
                return 0.0
    return 0.0
