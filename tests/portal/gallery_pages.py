"""Three pages that are made up of every component, shown in a browser as if the portal had them: under /gallery/."""

from pathlib import Path
from types import SimpleNamespace
from typing import Final

from jinja2 import ChoiceLoader, FileSystemLoader
from playwright.async_api import BrowserContext, Route

from services.portal.pages.forms import FieldError, Form
from services.portal.pages.headers import POLICY
from services.portal.pages.rendering import TEMPLATES, Renderer
from services.portal.texts import direction, native_name
from shared.clock import utc_now
from tests.platform import Platform

GALLERY: Final = Path(__file__).parent / "gallery"
PAGES: Final = tuple(sorted(path.stem for path in GALLERY.glob("*.html")))
_WRONG: Final = {"form": [FieldError("client.phone", "Kirjoita puhelinnumero."), FieldError("urgency", "Valitse.")]}
_VALUES: Final = {"reason": ["Haluaa vaihtaa alaa."], "urgency": ["routine"], "lang": ["ar"]}


async def hang(context: BrowserContext, platform: Platform) -> None:
    """Let the browser find the pages of the gallery beside those of the portal."""
    renderer = Renderer(platform.apps["portal"].state.luotsi.static_files.address, reload=False)
    renderer.environment.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), FileSystemLoader(GALLERY)])

    async def answer(route: Route) -> None:
        name = route.request.url.rpartition("/")[2]
        body = renderer.render(
            f"{name}.html", {"page": _page(), "form": Form("fi", dict(_VALUES), _WRONG.get(name, []))}
        )
        await route.fulfill(body=body, content_type="text/html", headers={"Content-Security-Policy": POLICY})

    async def end(route: Route) -> None:
        await route.fulfill(status=204)  # by which a browser asks for the stream no more

    await context.route("**/gallery/*", answer)
    await context.route("**/live?*", end)


def _page() -> SimpleNamespace:
    """What layout and components take of a page: a member of two organisations, with the longest navigation."""
    areas = ("Etusivu", "Ohjaukset", "Palvelut", "Yleiskatsaus", "Organisaation asetukset")
    return SimpleNamespace(
        language="fi",
        now=utc_now(),
        direction=direction("fi"),
        csrf_token="",
        path="/",
        member=SimpleNamespace(
            email="neuvoja@navigaattori.example", organization_name={"fi": "Navigaattori (Kuopion kaupunki)"}
        ),
        memberships=2,
        navigation=[
            {"href": "#", "label": area, "current": area == "Ohjaukset", "count": 3 if area == "Ohjaukset" else 0}
            for area in areas
        ],
        languages=[
            {"code": code, "name": native_name(code), "href": f"?lang={code}", "current": code == "fi"}
            for code in ("fi", "sv", "en")
        ],
        in_language=str,
        code_refused="",
    )
