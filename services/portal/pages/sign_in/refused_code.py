"""What is said of a code that opens nothing, beside its field."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from services.portal.pages.counted import Refused, refused
from services.portal.pages.page import Page
from services.portal.use_cases.second_factors import Checked

_STATUS: Final[Mapping[Checked, HTTPStatus]] = {
    "wrong": HTTPStatus.UNPROCESSABLE_ENTITY,
    "too_many": HTTPStatus.TOO_MANY_REQUESTS,
    "unreadable": HTTPStatus.CONFLICT,
}


def refuse_code(page: Page, checked: Checked, words: str, signing_in: Refused | None = None) -> int:
    """Say so beside the field; returns the status of the answer. `signing_in`: the step of it that the code was for."""
    if signing_in is not None:
        refused(checked if checked in ("too_many", "unreadable") else signing_in)
    page.form.refuse("code", words)
    page.form.values.pop("code", None)
    return _STATUS[checked]
