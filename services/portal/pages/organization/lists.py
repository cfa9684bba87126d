"""A page with what there is of something in an organisation: one form with a row for each, which replaces them.

A long list comes page by page: what is on other pages stays as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Response

from services.portal.clients.api import Answer, ApiProblem
from services.portal.pages.forms import Form
from services.portal.pages.organization.administered import Administered, administered
from services.portal.pages.organization.editing import Editing
from services.portal.pages.organization.kinds import Rows
from services.portal.pages.organization.meanwhile import own_rows
from services.portal.pages.organization.paging import page_links
from services.portal.pages.organization.rows import add_row
from services.portal.pages.organization.saying import done
from services.portal.pages.page import Page

Given = Callable[[Page, Answer], Mapping[str, Any]]
Checked = Callable[[Page, Mapping[str, Any]], None]
Further = Callable[[Page], Mapping[str, Any]]
Titled = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True)
class ListPage:
    """`name` is that of the list with the API, in the page's address and of its template.

    `given` finds it in what the API answers; `size` rows are on a page; `titled` names one in the contents, which a
    list of several pages has; `check` refuses in the form what the API lets pass; `further` is what the template needs
    besides.
    """

    name: str
    editing: Editing
    given: Given
    further: Further
    size: int
    titled: Titled
    check: Checked = lambda page, body: None

    async def show(self, page: Page, organization_id: UUID) -> Response:
        """The list, with room for one where there is none."""
        at = administered(page, organization_id)
        found = await at.organization()
        start = self._start(page, len(found[self.name]))
        form = self.editing.filled(page, {self.name: self._all(page, found)[start : start + self.size]})
        if not found[self.name]:
            add_row(form, self.editing.lists, self.name)
        return self._render(at, found, form, {"etag": found.etag})

    async def change(self, page: Page, organization_id: UUID) -> Response:
        """Replace what the form was made from by what is in it now."""
        at, form = administered(page, organization_id), page.form
        if focus := self.editing.step(form):
            return self._render(at, await at.organization(), form, {"etag": form.version, "focus": focus})
        body = self.editing.body(form)
        self.check(page, body)
        found = await at.organization()
        if form.errors:
            return self._render(at, found, form, {"etag": form.version}, 422)
        unsaved = await self.editing.save(
            page,
            lambda: self._put(at, found, body[self.name]),
            at.organization,
            lambda now: {self.name: self._apart(page, now)[0]},
            lambda now: self.given(page, now),
        )
        if unsaved is None:
            number = self._start(page, len(found[self.name])) // self.size + 1
            return page.redirect(f"{at.path}/{self.name}?done={self.name}" + (f"&page={number}" if number > 1 else ""))
        return self._render(at, unsaved.found, form, unsaved.more, 422)

    async def _put(self, at: Administered, found: Answer, rows: Sequence[Any]) -> Answer:
        """Keep these rows, with the others in their places; what is wrong is said of the rows as the form has them."""
        _, before, after = self._apart(at.page, found)
        body = {self.name: [*self._as_body(at.page, before), *rows, *self._as_body(at.page, after)]}
        address = f"/organizations/{{id}}/{self.name}"
        try:
            return await at.page.catalog.put(address, body, etag=at.page.form.version, id=at.id)
        except ApiProblem as problem:
            for error in problem.errors or []:
                error["field"] = self._in_form(error["field"], len(before), len(rows))
            raise

    def _apart(self, page: Page, found: Answer) -> tuple[list[Any], list[Any], list[Any]]:
        """The rows that the form was made from, those before the first of them, and those behind it."""
        every = self._all(page, found)
        kind = self.editing.record.fields[self.name]
        assert isinstance(kind, Rows)
        numbers = own_rows(kind, page.form, self.editing.filled(page, {self.name: every}), self.name)
        first = numbers[0] if numbers else len(every)
        others = [each for number, each in enumerate(every) if number not in numbers]
        return [every[number] for number in numbers], others[:first], others[first:]

    def _as_body(self, page: Page, rows: Sequence[Any]) -> list[Any]:
        """Rows as the API showed them, in the form in which it takes them."""
        read = self.editing.record.read(self.editing.filled(page, {self.name: rows}), "")
        return list(read[self.name])

    def _in_form(self, field: str, before: int, count: int) -> str:
        """The place in the form of what the API names by its place in the whole list."""
        name, _, rest = field.partition(".")
        number, _, further = rest.partition(".")
        if name != self.name or not number.isdecimal():
            return field
        row = int(number) - before
        return f"{name}.{row}.{further}" if 0 <= row < count else name

    def _all(self, page: Page, found: Answer) -> list[Any]:
        return list(self.given(page, found)[self.name])

    def _start(self, page: Page, count: int) -> int:
        """The number of the first row of the page that the address asks for; of the last one where there is none."""
        asked = page.request.query_params.get("page", "1")
        number = int(asked) if asked.isdecimal() and len(asked) < len(str(10**6)) else 1
        return self.size * max(0, min(number, -(-count // self.size)) - 1)

    def _contents(self, at: Administered, found: Answer) -> list[dict[str, str]]:
        """Every row of a list of several pages, with where it is."""
        every = self._all(at.page, found)
        if len(every) <= self.size:
            return []
        path = f"{at.path}/{self.name}"
        return [
            {
                "label": self.titled(each),
                "href": f"{path}?page={number // self.size + 1}#{self.name}.{number % self.size}",
            }
            for number, each in enumerate(every)
        ]

    def _render(
        self, at: Administered, found: Answer, form: Form, more: Mapping[str, Any], status: int = 200
    ) -> Response:
        count = len(found[self.name])
        number = self._start(at.page, count) // self.size + 1
        context = {
            "at": at,
            "organization": found.data,
            "done": done(at.page),
            "contents": self._contents(at, found),
            **page_links(f"{at.path}/{self.name}", {}, number, last=number * self.size >= count),
            **self.further(at.page),
            **self.editing.context(form),
            **more,
        }
        return at.page.render(f"organization/{self.name}.html", status=status, **context)
