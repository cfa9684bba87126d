"""A page with all there is of something in an organisation: one form with a row for each, which replaces them all."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Response

from services.portal.clients.api import Answer
from services.portal.pages.forms import Form
from services.portal.pages.organization.administered import Administered, administered
from services.portal.pages.organization.editing import Editing
from services.portal.pages.organization.kinds import add_row
from services.portal.pages.organization.saying import done
from services.portal.pages.page import Page

Given = Callable[[Page, Answer], Mapping[str, Any]]
Checked = Callable[[Page, Mapping[str, Any]], None]
Further = Callable[[Page], Mapping[str, Any]]


@dataclass(frozen=True)
class ListPage:
    """`name` is that of the list with the API, in the page's address and of its template.

    `given` finds it in what the API answers; `check` refuses in the form what the API lets pass; `further` is what the
    template needs besides.
    """

    name: str
    editing: Editing
    given: Given
    further: Further
    check: Checked = lambda page, body: None

    async def show(self, page: Page, organization_id: UUID) -> Response:
        """The list, with room for one where there is none."""
        at = administered(page, organization_id)
        found = await at.organization()
        form = self.editing.filled(page, self.given(page, found))
        if not found[self.name]:
            add_row(form, self.editing.lists, self.name)
        return self._render(at, found, form, {"etag": found.etag})

    async def change(self, page: Page, organization_id: UUID) -> Response:
        """Replace the list by what is in the form."""
        at, form = administered(page, organization_id), page.form
        if focus := self.editing.step(form):
            return self._render(at, await at.organization(), form, {"etag": form.version, "focus": focus})
        body = self.editing.body(form)
        self.check(page, body)
        if form.errors:
            return self._render(at, await at.organization(), form, {"etag": form.version}, 422)
        address = f"/organizations/{{id}}/{self.name}"
        unsaved = await self.editing.save(
            page,
            lambda: page.catalog.put(address, body, etag=form.version, id=at.id),
            at.organization,
            lambda found: self.given(page, found),
        )
        if unsaved is None:
            return page.redirect(f"{at.path}/{self.name}?done={self.name}")
        return self._render(at, unsaved.found, form, unsaved.more, 422)

    def _render(
        self, at: Administered, found: Answer, form: Form, more: Mapping[str, Any], status: int = 200
    ) -> Response:
        context = {
            "at": at,
            "organization": found.data,
            "done": done(at.page),
            **self.further(at.page),
            **self.editing.context(form),
            **more,
        }
        return at.page.render(f"organization/{self.name}.html", status=status, **context)
