"""Every component, on the pages of the gallery: accessible in each direction, light and width, and none left out."""

import re
from typing import Final

import pytest

from services.portal.pages.rendering import TEMPLATES
from tests.portal.axe import violations
from tests.portal.gallery_pages import GALLERY, PAGES, hang
from tests.portal.site import SIDEWAYS, Site, opened

_OF_LAYOUT: Final = frozenset({"header.html"})


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [320, 768, 1280])
async def test_components_are_accessible_and_whole(site: Site, name: str, width: int) -> None:
    context = await site.browser.new_context(viewport={"width": width, "height": 800})
    await hang(context, site.seeded.platform)
    page = await context.new_page()
    await opened(page, site, f"/gallery/{name}")
    faults = []
    for direction in ("ltr", "rtl"):
        await page.evaluate(f"document.documentElement.dir = '{direction}'")
        for scheme in ("light", "dark"):
            await page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
            faults += [f"{direction} {scheme}: {each}" for each in await violations(page)]
        faults += [f"{direction}: sideways {each}" for each in await page.evaluate(SIDEWAYS)]
    await context.close()
    assert faults == []


def test_every_component_hangs_in_the_gallery() -> None:
    shown = "".join(file.read_text() for file in GALLERY.glob("*.html"))
    public = {
        f"{file.name}: {macro}"
        for file in (TEMPLATES / "components").glob("*.html")
        if file.name not in _OF_LAYOUT
        for macro in re.findall(r"macro ([a-z]\w*)\(", file.read_text())
    }
    missing = {each for each in public if not re.search(rf"\b{each.split()[1]}\(", shown)}
    assert missing <= {"errors.html: error_summary"}, "layout.html shows the summary by itself"
