"""Rows of lists of referrals, and the addresses of lists."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from services.portal import texts
from services.portal.pages.json_objects import JSON
from services.portal.pages.referrals.deadlines import time_left


def row_of(referral: JSON, now: datetime, language: str) -> JSON:
    """A row for the component `work_table`: the referral as the API has it, and how long is left to answer it."""
    return referral | {"row_id": f"referral-{referral['id']}", "deadline": time_left(referral, now, language)}


def how_many(queue: JSON, language: str) -> str:
    """The number of a queue, as it is shown."""
    return texts.number(queue["count"], language) + ("+" if queue["more"] else "")


def query_of(address: str) -> dict[str, list[str]]:
    """The query of an address of the API."""
    return parse_qs(urlsplit(address).query)


def cursor_in(address: str | None) -> str | None:
    """Where the next page of a list begins; None at its end."""
    return query_of(address).get("after", [None])[0] if address else None


def address(path: str, query: Mapping[str, Any], **changes: Any) -> str:
    """The address of a page with these parameters, some of them changed; None and empty ones are left out."""
    merged: Mapping[str, Any] = {**query, **changes}
    pairs = [
        (name, each)
        for name, value in merged.items()
        for each in (value if isinstance(value, Sequence) and not isinstance(value, str) else [value])
        if each
    ]
    return path + (f"?{urlencode(pairs)}" if pairs else "")
