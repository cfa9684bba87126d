"""Forms as a browser sends them: with every field that a page has, as it was filled or as somebody changed it."""

import re
from html import unescape
from html.parser import HTMLParser

import httpx2

Fields = list[tuple[str, str]]


class _Reader(HTMLParser):
    """Collects the fields of the form with an id, but no buttons: one is pressed by a test."""

    def __init__(self, form_id: str) -> None:
        super().__init__()
        self.fields: Fields = []
        self.found = False
        self._form_id = form_id
        self._inside = False
        self._select: str | None = None
        self._first = True
        self._textarea: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = given.get("id") == self._form_id or given.get("action") == self._form_id
            self.found = self.found or self._inside
        elif self._inside:
            self._field(tag, given)

    def _field(self, tag: str, given: dict[str, str]) -> None:
        name = given.get("name", "")
        if tag == "input" and name and (given.get("type") not in ("checkbox", "radio") or "checked" in given):
            self.fields.append((name, given.get("value", "")))
        elif tag == "select":
            self._select, self._first = name, True
        elif tag == "option" and self._select:
            if "selected" in given and not self._first:
                self.fields.pop()
            if "selected" in given or self._first:
                self.fields.append((self._select, given.get("value", "")))
            self._first = False
        elif tag == "textarea":
            self._textarea, self._text = name, ""

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._textarea is not None:
            self.fields.append((self._textarea, self._text.removeprefix("\n")))
            self._textarea = None
        elif tag == "select":
            self._select = None
        elif tag == "form":
            self._inside = False


def fields_of(page: str, form_id: str = "editing") -> Fields:
    """What the form on a page would send; `form_id` is its id or its address."""
    reader = _Reader(form_id)
    reader.feed(page)
    assert reader.found, f"no form {form_id}"
    return reader.fields


def changed(fields: Fields, **values: str | list[str] | None) -> Fields:
    """The fields with others in place of some; `__` stands for a dot, None takes a field away."""
    given = {name.replace("__", "."): value for name, value in values.items()}
    kept = [(name, value) for name, value in fields if name not in given]
    more = [
        (name, each)
        for name, value in given.items()
        if value is not None
        for each in (value if isinstance(value, list) else [value])
    ]
    return kept + more


async def post(browser: httpx2.AsyncClient, path: str, fields: Fields) -> httpx2.Response:
    """Send the fields."""
    data: dict[str, list[str]] = {}
    for name, value in fields:
        data.setdefault(name, []).append(value)
    return await browser.post(path, data=data)


async def fill_in(
    browser: httpx2.AsyncClient, path: str, form_id: str = "editing", **values: str | list[str] | None
) -> httpx2.Response:
    """Open a page, change some fields of its form, and send it."""
    page = await browser.get(path)
    assert page.status_code == 200, page.text[-800:]
    action = form_id if form_id.startswith("/") else path.partition("?")[0]
    return await post(browser, action, changed(fields_of(page.text, form_id), **values))


def complaints(page: str) -> dict[str, str]:
    """What the error summary says: field → message; each field that it names has the message beside it as well."""
    found = dict(re.findall(r'<li><a href="#([^"]+)">(.*?)</a></li>', page, re.DOTALL))
    for name in found:
        assert f'id="{name}-error"' in page, f"nothing is said beside {name}"
        assert f'id="{name}"' in page, f"there is no field {name}"
    return {name: unescape(message) for name, message in found.items()}
