"""The forms of a page that are posted, with what a browser would send of them as they stand."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx2

Fields = dict[str, list[str]]


@dataclass
class SentForm:
    """A form: where it is sent, and its fields without its buttons."""

    action: str
    id: str | None = None
    fields: Fields = field(default_factory=dict)


class _Forms(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[SentForm] = []
        self.elsewhere: list[tuple[str, str, str]] = []
        self._open: SentForm | None = None
        self._select: tuple[str, str | None] | None = None
        self._text: tuple[str, list[str]] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = SentForm(given.get("action", ""), given.get("id"))
            if given.get("method") == "post":
                self.forms.append(self._open)
        elif tag == "input" and "name" in given:
            if given.get("type") not in ("checkbox", "radio") or "checked" in given:
                self._keep(given["name"], given.get("value", ""), given.get("form"))
        elif tag == "select":
            self._select = (given["name"], None)
        elif tag == "option" and self._select is not None and ("selected" in given or self._select[1] is None):
            self._select = (self._select[0], given.get("value", ""))
        elif tag == "textarea":
            self._text = (given["name"], [])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
        elif tag == "select" and self._select is not None:
            self._keep(self._select[0], self._select[1] or "", None)
            self._select = None
        elif tag == "textarea" and self._text is not None:
            self._keep(self._text[0], "".join(self._text[1]).removeprefix("\n"), None)
            self._text = None

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text[1].append(data)

    def _keep(self, name: str, value: str, form: str | None) -> None:
        if form is not None:
            self.elsewhere.append((form, name, value))
        elif self._open is not None:
            self._open.fields.setdefault(name, []).append(value)


def form_on(page: httpx2.Response, action: str) -> Fields:
    """The fields of the first such form whose address holds `action`. AssertionError where there is none."""
    parser = _Forms()
    parser.feed(page.text)
    found = next((form for form in parser.forms if action in form.action), None)
    assert found is not None, f"no form to {action}, only {[form.action for form in parser.forms]}"
    for form_id, name, value in parser.elsewhere:
        if form_id == found.id:
            found.fields.setdefault(name, []).append(value)
    return found.fields
