"""How a form that changes something goes: shown filled, rows added, sent with its version, refused, merged."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from services.portal.clients.api import Answer, ApiProblem, Away
from services.portal.pages.forms import NOT_TAKEN, Form
from services.portal.pages.organization.all_lists import most_of, refuse_too_many, tidy
from services.portal.pages.organization.kinds import Record
from services.portal.pages.organization.meanwhile import changed_fields, is_there, merge, seen, shown
from services.portal.pages.organization.rows import add_row, remove_row, rows_of
from services.portal.pages.page import Page
from services.portal.pages.problem_texts import detail_of
from services.portal.texts import text

_STALE = "stale-version"
_TOO_LARGE = "too-large"

Saving = Callable[[], Awaitable[Answer]]
Reading = Callable[[], Awaitable[Answer]]
Given = Callable[[Answer], Mapping[str, Any]]


def _as_answered(answer: Answer) -> Mapping[str, Any]:
    given: Mapping[str, Any] = answer.data
    return given


@dataclass(frozen=True)
class Unsaved:
    """What the API has now in place of what was to be saved, and what the template needs to say why."""

    found: Answer
    more: Mapping[str, Any]


@dataclass(frozen=True)
class Editing:
    """A form for what an API keeps. `labels` are keys of texts by field; `lists` the first field of a row by list.

    `places` has the control of a field that the API names otherwise, `beside` that of a problem which names no field.
    """

    record: Record
    labels: Mapping[str, str]
    lists: Mapping[str, str] = field(default_factory=dict)
    places: Mapping[str, str] = field(default_factory=dict)
    beside: Mapping[str, str] = field(default_factory=dict)

    def filled(self, page: Page, given: Mapping[str, Any]) -> Form:
        """The form as it is first shown."""
        form = Form(page.language)
        self.record.fill(form, "", given)
        form.values["seen"] = [seen(self.record, form)]
        return form

    def step(self, form: Form) -> str | None:
        """Add or take away a row, where that is what was asked for; returns the control that has the focus then."""
        refuse_too_many(form, self.record)
        if name := form.text("add"):
            most = most_of(self.record, name)
            if most is not None and len(rows_of(form, name)) >= most:
                form.refuse(name, text("organization.rows_most", form.language, count=most))
                return f"add-{name}"
            return add_row(form, self.lists, name) or "add"
        if row := form.text("remove"):
            return f"add-{remove_row(form, row)}"
        return None

    def body(self, form: Form) -> dict[str, Any]:
        """All that was typed, as an API gets it."""
        tidy(form, self.record)
        read: dict[str, Any] = self.record.read(form, "")
        return read

    def changes(self, form: Form) -> dict[str, Any]:
        """What was changed, as an API gets it: what somebody has left alone is not said again."""
        body = self.body(form)
        return {name: body[name] for name in changed_fields(self.record, form)}

    async def save(
        self, page: Page, saving: Saving, reading: Reading, given: Given = _as_answered, whole: Given | None = None
    ) -> Unsaved | None:
        """Save the form. Returns None where that is done, and where it was before: the button was pressed twice.

        `whole` has all rows of a list where `given` has only those that the form shows.
        """
        problem = await refused(self, page.form, saving)
        if problem is None:
            return None
        found = await reading()
        if problem.name != _STALE:
            return Unsaved(found, {"etag": page.form.version})
        now = self.filled(page, given(found))
        if is_there(self.record, page.form, self.filled(page, whole(found)) if whole else now):
            return None
        return Unsaved(found, {"etag": found.etag, **self._stale(page, problem, now)})

    def take(self, form: Form, problem: ApiProblem | Away) -> None:
        """Say what an API found wrong, each beside its field; or that it did not answer."""
        if problem.name == _TOO_LARGE:
            form.refuse(self.beside.get(problem.name, ""), text("organization.too_much", form.language))
            return
        if (name := self.beside.get(problem.name)) and not problem.errors:
            form.refuse(name, detail_of(problem, form.language))
            return
        named = [each["field"] for each in problem.errors or []]
        places = {name: self.places.get(name) or self.record.place("", name.split(".")) for name in named}
        form.take(problem, places)

    def context(self, form: Form, focus: str | None = None) -> dict[str, Any]:
        """What the template needs besides."""
        nothing: dict[str, Any] = {"both": [], "taken": [], "joined": []}
        return {"form": form, "rows": lambda name: rows_of(form, name), "focus": focus, **nothing}

    def _stale(self, page: Page, problem: ApiProblem | Away, now: Form) -> dict[str, Any]:
        """What the template says where somebody else came first: what they changed; what was typed stays."""
        form = page.form
        found = merge(self.record, form, now)
        form.values["seen"] = now.values["seen"]
        form.take(problem)
        rows = [
            {"label": page.t(self.labels[name]), "now": self._now(now, name)}
            for name in found.both
            if name in self.labels
        ]
        named = {
            kind: [page.t(self.labels[name]) for name in names if name in self.labels]
            for kind, names in (("taken", found.taken), ("joined", found.joined))
        }
        return {"both": rows, **named}

    def _now(self, now: Form, name: str) -> str:
        return shown(now, name) if self.record.fields[name].readable else ""


async def refused(editing: Editing, form: Form, saving: Saving) -> ApiProblem | Away | None:
    """Save; returns why that was not done, where the person can do something about it, with the errors in the form."""
    try:
        await saving()
    except NOT_TAKEN as problem:
        if not isinstance(problem, Away) and problem.status not in (403, 409, 412, 413, 422):
            raise
        if problem.name != _STALE:
            editing.take(form, problem)
        return problem
    return None


def is_stale(problem: ApiProblem | Away) -> bool:
    """Whether somebody else came first."""
    return problem.name == _STALE
