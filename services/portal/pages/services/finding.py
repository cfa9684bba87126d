"""Finding a service as one types."""

from typing import Annotated, Any, Literal
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel, Field

from services.portal.clients.api import ApiProblem
from services.portal.pages.access import members
from services.portal.pages.forms import Form
from services.portal.pages.page import Page
from services.portal.pages.services import facts

router = APIRouter()

_PAGE_SIZE = 10
_FILTERS = ("language", "target_group", "organization_type")


class Search(BaseModel):
    """What was typed and chosen. `like`: a referral whose client is to be referred again."""

    query: str = Field("", max_length=200)
    language: str = Field("", max_length=12)
    target_group: str = Field("", max_length=50)
    organization_type: str = Field("", max_length=50)
    accepting: Literal["", "true"] = ""
    exactly: Literal["", "true"] = ""
    page: int = Field(1, ge=1, le=1000)
    like: UUID | None = None

    @property
    def asked(self) -> dict[str, str]:
        """What the catalogue is asked for."""
        return self.model_dump(exclude={"page", "like"}) | {"query": self.query.strip()}


@router.get("/services")
async def find(page: Annotated[Page, members()], search: Annotated[Search, Query()]) -> Response:
    """Services by what was typed and chosen, the best first.

    With and without scripts it is the same page: a script asks for it anew as one types, and takes the list out of it.
    """
    narrowed = True if search.asked["query"] and any(search.asked[name] for name in _FILTERS) else None
    asked = {**search.asked, "unfit": narrowed, "page": search.page, "size": _PAGE_SIZE, "full": False}
    found, unfit = await _found(page, asked)
    suffix = f"?like={search.like}" if search.like else ""
    form = Form.filled(page.language, search.asked)
    if page.code_refused:
        form.refuse("query", page.code_refused)
    return page.render(
        "services/find.html",
        headers={"HX-Replace-Url": _address(search)} if page.is_partial else None,
        form=form,
        blank=not any(search.asked.values()),
        hits=[_hit(service, page, suffix) for service in found["contents"]],
        total=found["total_items"],
        showing=found.get("showing", []),
        unknown_words=found.get("unknown", []),
        facets={name: _options(found["facets"][name], search.asked[name]) for name in _FILTERS},
        pages=_pages(search, found["total_pages"]),
        unknown=_unknown_filters(search, found, unfit),
        exactly_address=_address(search, exactly="true"),
        like=search.like,
        is_adviser="adviser" in page.account.roles,
    )


async def _found(page: Page, asked: dict[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """What the catalogue finds, and the filters whose values it does not take: without those it is asked again."""
    try:
        return (await page.catalog.get("/services", asked)).data, set()
    except ApiProblem as problem:
        unfit = {each["field"].removeprefix("query.") for each in problem.errors or []} & set(_FILTERS)
        if problem.status not in (400, 422) or not unfit:
            raise
    kept = {name: value for name, value in asked.items() if name not in unfit}
    return (await page.catalog.get("/services", kept)).data, unfit


def _unknown_filters(search: Search, found: dict[str, Any], unfit: set[str]) -> list[dict[str, str]]:
    """The values of filters that no service has, each with the address of the search without it."""
    named = {name: search.asked[name] for name in _FILTERS if search.asked[name]}
    return [
        {"value": value, "href": _address(search, **{name: ""})}
        for name, value in named.items()
        if name in unfit or (not found["total_items"] and all(e["value"] != value for e in found["facets"][name]))
    ]


def _hit(service: dict[str, Any], page: Page, suffix: str) -> dict[str, Any]:
    own = service["organization_id"] == str(page.account.organization_id)
    return facts.hit(service, page.language, suffix=suffix) | {
        "misses": facts.misses(service, page.language),
        "can_refer": not own and facts.takes_referrals(service),
        "own": own,
    }


def _options(values: list[dict[str, Any]], chosen: str) -> list[dict[str, str]]:
    """The values of a filter with how many services have each; the one that is chosen too where none has it."""
    options = [{"value": each["value"], "label": f"{each['name']} ({each['count']})"} for each in values]
    if chosen and all(option["value"] != chosen for option in options):
        options.append({"value": chosen, "label": f"{chosen} (0)"})
    return options


def _address(search: Search, **changed: object) -> str:
    """The address of this search with something else in it."""
    fields = {**search.model_dump(), **changed}
    given = {name: value for name, value in fields.items() if value and (name, value) != ("page", 1)}
    return "/services" + (f"?{urlencode(given)}" if given else "")


def _pages(search: Search, last: int) -> dict[str, str | None]:
    return {
        "previous": _address(search, page=search.page - 1) if search.page > 1 else None,
        "next": _address(search, page=search.page + 1) if search.page < last else None,
    }
