"""Whether there is room, and on which days the desk is closed: seen by the desk, said by its administrators."""

from asyncio import gather
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, get_args

from services.portal import texts
from services.portal.clients.api import Answer
from services.portal.pages.forms import Form
from services.portal.pages.json_objects import JSON
from services.portal.pages.page import Page
from shared.clock import day_in_kuopio
from shared.events.catalog import CapacityStatus
from shared.problems import Problem

CAPACITIES: Final = get_args(CapacityStatus)
CHANGES: Final = ("/desk/capacity", "/desk/closures")
_MOST: Final = 100
_DIGITS: Final = 10


@dataclass(frozen=True)
class Openness:
    """`services` with their capacity, and `closures` that are not over.

    `form` has fields for each service, `may_change` says whether the member may send it, and `ask` who else may.
    """

    services: Sequence[JSON]
    closures: Sequence[JSON]
    closed_today: bool
    form: Form
    etag: str | None
    may_change: bool
    ask: Sequence[str]
    choices: Sequence[JSON]
    today: str
    is_open: bool

    @property
    def full(self) -> int:
        """How many of the services have no room."""
        return sum(each["capacity"] == "no-capacity" for each in self.services)


async def find_openness(page: Page) -> tuple[Answer, Answer] | None:
    """The services of one's own organisation, and the organisation; None where they cannot be had."""
    own = page.account.organization_id
    try:
        return await gather(
            page.catalog.get("/services", {"organization_id": own, "size": _MOST, "full": False}),
            page.catalog.get("/organizations/{id}", id=own),
        )
    except Problem:
        return None


def openness_of(page: Page, found: tuple[Answer, Answer] | None, colleagues: Sequence[JSON]) -> Openness | None:
    """What the catalogue answered, for the page; None where that cannot be had."""
    if found is None:
        return None
    services, organization = [_service(each) for each in found[0]["contents"]], found[1]
    today = day_in_kuopio(page.now)
    return Openness(
        services=services,
        closures=_closures(organization["closures"], today),
        closed_today=organization["closed_today"],
        form=_form(page, services),
        etag=organization.etag,
        may_change="admin" in page.account.roles,
        ask=[each["email"] for each in colleagues if "admin" in each["roles"]],
        choices=[{"value": each, "label": texts.of_code("desk.capacity", each, page.language)} for each in CAPACITIES],
        today=today.isoformat(),
        is_open=page.request.url.path.startswith(CHANGES) or "openness" in page.request.query_params,
    )


async def set_capacity(page: Page, service_id: str) -> None:
    """Say whether a service has room, as it was typed."""
    form = page.form
    typed = form.optional(f"available-{service_id}")
    wanted = {"status": form.text(f"capacity-{service_id}"), "available": _number(typed)}
    await page.catalog.put("/services/{id}/capacity", wanted, etag=form.version, id=service_id)


async def add_closure(page: Page) -> None:
    """Add days on which the organisation is closed, as they were typed."""
    form = page.form
    new = {"starts_on": form.text("starts_on"), "ends_on": form.text("ends_on") or form.text("starts_on")}
    note = form.optional("note")
    await _replace(page, [*await _present(page), new | ({"note": {page.language: note}} if note else {})])


async def remove_closure(page: Page) -> None:
    """Take the closure away that the form names by its days."""
    gone = page.form.text("gone")
    await _replace(page, [each for each in await _present(page) if f"{each['starts_on']}/{each['ends_on']}" != gone])


async def _present(page: Page) -> list[JSON]:
    """The closures that there are, to be sent back with a change."""
    known = await page.catalog.get("/organizations/{id}", id=page.account.organization_id)
    return [
        {"starts_on": each["starts_on"], "ends_on": each["ends_on"], "note": _note(each) or None}
        for each in known["closures"]
    ]


async def _replace(page: Page, closures: Sequence[JSON]) -> None:
    path = "/organizations/{id}/closures"
    await page.catalog.put(path, closures, etag=page.form.version, id=page.account.organization_id)


def _note(closure: JSON) -> dict[str, str]:
    return {language: said["note"] for language, said in closure["translations"].items() if said.get("note")}


def _service(service: JSON) -> JSON:
    return {
        "id": service["id"],
        "name": service["name"],
        "etag": f'"{service["version"]}"',
        "capacity": service["capacity"]["status"],
        "available": service["capacity"].get("available"),
        "updated": service["capacity"]["updated"],
    }


def _closures(closures: Sequence[JSON], today: date) -> list[JSON]:
    """Those that are not over, the next one first."""
    coming = [each for each in closures if date.fromisoformat(each["ends_on"]) >= today]
    return sorted(coming, key=lambda each: str(each["starts_on"]))


def _form(page: Page, services: Sequence[JSON]) -> Form:
    """The capacity of each service in fields of its own, and what was typed over it."""
    form = Form.filled(
        page.language,
        {f"capacity-{each['id']}": each["capacity"] for each in services}
        | {f"available-{each['id']}": each["available"] for each in services},
    )
    form.values |= page.form.values
    form.errors = page.form.errors
    return form


def _number(typed: str | None) -> int | str | None:
    """A number as JSON has it; what is none goes to the catalogue as it is, which says what is wrong with it."""
    return int(typed) if typed is not None and typed.isdecimal() and len(typed) < _DIGITS else typed
