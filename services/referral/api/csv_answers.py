"""Figures over HTTP as CSV, where the caller wants that rather than JSON."""

import asyncio
from typing import Annotated, Any, Final, Literal

from fastapi import Depends, Header, Query, Response
from pydantic import BaseModel

from services.referral.api.report_csv import CSV_TYPE, Separator

CSV_TOO: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
"""For the `responses` of a route that answers as CSV, too."""


async def _csv_with(
    form: Annotated[Literal["json", "csv"] | None, Query(alias="format", description="Outweighs `Accept`")] = None,
    separator: Annotated[
        Separator, Query(description="Of the CSV; with semicolons, for Excel in Finland, decimals have a comma")
    ] = "comma",
    accept: Annotated[str, Header()] = "",
) -> Separator | None:
    """The separator of a report that is wanted as CSV; None for JSON."""
    return separator if form == "csv" or (form is None and _prefers_csv(accept)) else None


CsvWith = Annotated[Separator | None, Depends(_csv_with)]


def csv_response(made: str, filename: str) -> Response:
    """CSV as a file to be kept."""
    headers = {"Content-Disposition": f'attachment; filename="{filename}"', "Vary": "Accept"}
    return Response(made, media_type=CSV_TYPE, headers=headers)


async def json_response(shown: BaseModel) -> Response:
    """The same figures as JSON: thousands of rows, which are written beside the requests of others."""
    made = await asyncio.to_thread(shown.model_dump_json)
    return Response(made, media_type="application/json", headers={"Vary": "Accept"})


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
