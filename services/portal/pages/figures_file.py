"""Figures as a file for spreadsheets: the API's CSV, with headings and periods in the language of the page.

It is for people. Programs ask the API, whose headings are the names of its fields.
"""

import csv
import io
import re
from typing import Any, Final

from fastapi import Response

from services.portal.pages.page import Page

_BEGIN: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"
"""The byte order mark, without which Excel reads no UTF-8"""
_NAME: Final = re.compile(r"(organization|service|source|target)_(id|fi|sv|en)")
_DECLINED: Final = "declined_"
_SEPARATORS: Final = {"comma": ",", "semicolon": ";"}


def as_file_wanted(page: Page) -> dict[str, Any]:
    """The parameters by which an API makes CSV as spreadsheets of the page's language read it."""
    return {"format": "csv", "separator": _separator(page)}


def figures_file(page: Page, made: str, filename: str) -> Response:
    """Answer with what an API made of `as_file_wanted`, to be kept under that name."""
    delimiter = _SEPARATORS[_separator(page)]
    names, *rows = csv.reader(io.StringIO(made.removeprefix(_BEGIN)), delimiter=delimiter)
    out = io.StringIO(_BEGIN)
    out.seek(0, io.SEEK_END)
    lines = csv.writer(out, delimiter=delimiter)
    lines.writerow(_heading(page, name) for name in names)
    in_words = {0, *(place for place, name in enumerate(names) if name == "period")}
    for row in rows:
        lines.writerow(page.code("files.word", cell) if place in in_words else cell for place, cell in enumerate(row))
    headers = {"Content-Disposition": f'attachment; filename="{filename}"'}
    return Response(out.getvalue(), media_type="text/csv; charset=utf-8", headers=headers)


def _separator(page: Page) -> str:
    return "comma" if page.language == "en" else "semicolon"


def _heading(page: Page, name: str) -> str:
    """A name of the API in words; as it is, where a newer API has one that has no words here yet."""
    if name.startswith(_DECLINED):
        reason = page.code("referrals.reason", name.removeprefix(_DECLINED))
        return f"{page.code('files.column', 'declined')}: {reason}"
    if found := _NAME.fullmatch(name):
        return f"{page.code('files.column', found[1])} ({page.code('files.part', found[2])})"
    return page.code("files.column", name)
