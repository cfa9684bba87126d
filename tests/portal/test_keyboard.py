"""The portal without a mouse: every control of every page is reached and seen, and errors take the focus."""

from typing import Any, Final

import pytest
from playwright.async_api import Page

from tests.portal.site import Site, by_reader, opened

_CONTROLS: Final = "a, button, input, select, textarea, summary, [tabindex]"
_STOPS: Final = 5
"""A control is reached by one press of the key, or by several: a field for a day has four stops"""
_FOCUSED: Final = """() => {
  const element = document.activeElement, style = getComputedStyle(element), box = element.getBoundingClientRect();
  const middle = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
  return {
    what: element.outerHTML.slice(0, 120),
    on: element !== document.body,
    seen: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    within: box.bottom > 0 && box.top < window.innerHeight && box.width > 0 && box.height > 0,
    covered: middle !== null && !element.contains(middle) && !middle.contains(element)
      && ![...(element.labels || [])].includes(middle),
    id: element.id,
  };
}"""
"""What has the focus, whether that is seen, and whether something lies over it"""


async def walk(page: Page) -> list[dict[str, Any]]:
    """What has the focus at each press of the key, until the page is left."""
    steps: list[dict[str, Any]] = []
    for _ in range(_STOPS * await page.locator(_CONTROLS).count()):
        await page.keyboard.press("Tab")
        focused: dict[str, Any] = await page.evaluate(_FOCUSED)
        if not focused["on"]:
            return steps
        steps.append(focused)
    raise AssertionError(f"the keyboard does not get out of {page.url}")


async def test_every_control_is_reached_and_seen_with_the_keyboard(site: Site) -> None:
    faults = []
    for who, addresses in by_reader(site).items():
        async with site.signed_in(who) as context:
            page = await context.new_page()
            for address in addresses:
                await opened(page, site, address)
                steps = await walk(page)
                faults += [f"{address}: not seen: {step['what']}" for step in steps if not step["seen"]]
                faults += [f"{address}: out of sight: {step['what']}" for step in steps if not step["within"]]
                faults += [f"{address}: covered: {step['what']}" for step in steps if step["covered"]]
    assert faults == []


async def test_the_first_step_leads_past_the_head_of_the_page(site: Site) -> None:
    async with site.signed_in(site.seeded.people["adviser"]) as context:
        page = await context.new_page()
        await opened(page, site, "/")
        await page.keyboard.press("Tab")
        assert (await page.evaluate(_FOCUSED))["what"].startswith('<a class="skip"')
        await page.keyboard.press("Enter")
        assert (await page.evaluate(_FOCUSED))["id"] == "main"


async def test_the_menu_of_the_account_opens_and_signs_out(site: Site) -> None:
    async with site.signed_in(site.seeded.people["adviser"]) as context:
        page = await context.new_page()
        await opened(page, site, "/")
        await page.locator("#account > summary").focus()
        assert not await page.locator("#sign-out").is_visible()
        await page.keyboard.press("Enter")
        await page.locator("#sign-out").focus()
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert await page.locator("#account").count() == 0


@pytest.mark.parametrize("scripts", [True, False], ids=["with-scripts", "without"])
async def test_errors_take_the_focus_and_lead_to_their_fields(site: Site, *, scripts: bool) -> None:
    context = await site.browser.new_context(java_script_enabled=scripts, locale="fi")
    page = await context.new_page()
    await opened(page, site, "/feedback")
    await page.locator("#message").fill("Palaute")
    await page.locator("#send").press("Enter")
    await page.wait_for_selector("#problems")
    assert await page.locator("#problems").evaluate("element => element === document.activeElement")
    assert (await page.title()).startswith("Virhe:")
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    assert await page.locator("#topic").evaluate("element => element === document.activeElement")
    assert await page.locator("#message").input_value() == "Palaute"
    await context.close()


async def test_with_forced_colours_controls_keep_their_edges(site: Site) -> None:
    async with site.signed_in(site.seeded.people["adviser"]) as context:
        page = await context.new_page()
        await page.emulate_media(forced_colors="active")
        for address in ("/", "/feedback"):
            await opened(page, site, address)
            controls = page.locator("main :is(.button, input:not([type=hidden]), select, textarea)")
            edges = await controls.evaluate_all(
                "all => all.filter(each => getComputedStyle(each).appearance !== 'auto')"
                ".map(each => parseFloat(getComputedStyle(each).borderTopWidth))"
            )
            assert all(edges), f"{address}: {edges}"
        current = page.locator(".languages [aria-current]")
        assert await current.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
