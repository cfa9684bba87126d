"""Whether the platform is well: what each service says of itself, and what to do about what is not well."""

from itertools import groupby
from typing import Annotated, Any, Final

from fastapi import APIRouter, Response

from services.portal.clients.api import ApiClient, Away, side_by_side
from services.portal.pages.access import platform_admins
from services.portal.pages.page import Page
from services.portal.pages.platform.findings import findings, in_order
from services.portal.texts import duration, number, of_code
from shared.web.service_health import base_health

router = APIRouter(prefix="/platform")

_ELSEWHERE: Final = (
    ("platform.elsewhere.everything", "luotsi doctor"),
    ("platform.elsewhere.audit", "luotsi audit verify"),
    ("platform.elsewhere.dead", "luotsi events dead show"),
    ("platform.elsewhere.replay", "luotsi events dead replay --all"),
    ("platform.elsewhere.retention", "luotsi retention"),
)
"""What no service tells over HTTP → the command that shows it"""

_IN_CONTAINERS: Final = "docker compose run --rm cli …"


@router.get("/health")
async def health(page: Annotated[Page, platform_admins()]) -> Response:
    """All services side by side; one that does not answer is itself what is found."""
    clients = (page.catalog, page.referral, page.notifications)
    answers = await side_by_side(*map(_said, clients), _portal(page))
    said = dict(zip([*(client.service for client in clients), "portal"], answers, strict=True))
    context: dict[str, Any] = {
        "unwell": _unwell(page, said),
        "rows": [_row(page, name, answer) for name, answer in said.items()],
        "streams": _streams(page, said),
        "containers": _IN_CONTAINERS,
        "elsewhere": [{"text": page.t(key), "command": command} for key, command in _ELSEWHERE],
    }
    return page.render("platform/health.html", **context)


async def _said(client: ApiClient) -> dict[str, Any]:
    said: dict[str, Any] = (await client.get("/health")).data
    return said


async def _portal(page: Page) -> dict[str, Any]:
    """What the portal, which has no API, has to say of itself."""
    async with page.state.database.transaction() as tx:
        return (await base_health(page.request, tx, None)).model_dump()


def _unwell(page: Page, said: dict[str, Any]) -> list[dict[str, Any]]:
    """What is not well, in words, with what to do; what is mended in the same way stands together."""
    found = in_order([each for name, answer in said.items() for each in findings(name, answer)])
    return [
        {
            "titles": [page.t(help_.title, service=_name(page, each.service), **each.values) for each in alike],
            "text": page.t(help_.text),
            "command": help_.command,
        }
        for help_, alike in ((help_, list(group)) for help_, group in groupby(found, key=lambda each: each.help))
    ]


def _row(page: Page, name: str, answer: dict[str, Any] | Away) -> dict[str, Any]:
    if isinstance(answer, Away):
        return {"name": _name(page, name), "away": True, "version": "", "servers": "", **_nothing()}
    return {
        "name": _name(page, name),
        "away": False,
        "version": answer["version"],
        "servers": _servers(answer["servers"]),
        "outbox": _waiting(page, answer["outbox"]),
        "parked": _waiting(page, answer["parked"]),
        "further": _further(page, answer),
    }


def _servers(versions: dict[str, str]) -> str:
    """PostgreSQL with its version, and what serves as Redis, which names itself."""
    return ", ".join(each if name == "redis" else f"PostgreSQL {each}" for name, each in versions.items())


def _nothing() -> dict[str, str]:
    return {"outbox": "", "parked": "", "further": ""}


def _waiting(page: Page, waiting: dict[str, Any] | None) -> str:
    """How many wait, and how long the oldest of them has."""
    if waiting is None:
        return ""
    count = number(waiting["number"], page.language)
    if not waiting["number"]:
        return count
    return page.t("platform.health.waiting", count=count, long=duration(waiting["oldest_seconds"], page.language))


def _further(page: Page, answer: dict[str, Any]) -> str:
    """Timers that should have fired, and how mail goes, where a service has them."""
    if timers := answer.get("timers"):
        return page.t("platform.health.timers", waiting=_waiting(page, timers))
    if mail := answer.get("mail"):
        counts = {name: number(mail[name], page.language) for name in ("due", "failing", "given_up")}
        return page.t("platform.health.mail", **counts)
    return ""


def _streams(page: Page, said: dict[str, Any]) -> list[dict[str, Any]]:
    """Each stream with each service that reads it."""
    return [
        {**stream, "service": name, "oldest": duration(stream["oldest_unread_seconds"], page.language)}
        for name, answer in said.items()
        if not isinstance(answer, Away)
        for stream in answer["streams"]
    ]


def _name(page: Page, service: str) -> str:
    return of_code("platform.service", service, page.language)
