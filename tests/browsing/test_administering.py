"""Administrators at work in a browser, with scripts and without: an organisation begins, its service is found."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser import Windows

pytestmark = pytest.mark.journey

ADMIN = "admin@luotsi.example"
ADVISER = "adviser@navigaattori.example"


@pytest.mark.parametrize("javascript", [False, True], ids=["without", "with"])
async def test_an_organisation_comes_to_life(windows: Windows, *, javascript: bool) -> None:
    word = "silmukka" if javascript else "neulepuikko"
    boss = f"boss-{word}@example.org"
    await _enter_organization(await windows.signed_in(ADMIN, javascript=javascript), word, boss)
    page = await _signed_in_soon(windows, boss, javascript=javascript)
    await page.locator("#navigation").get_by_role("link", name="Organisaatio", exact=True).click()
    await _invite(page, f"desk-{word}@example.org", "Vastaanottaja")
    await _enter_service(page, word, javascript=javascript)
    await _close_for_a_week(page)
    adviser = await windows.signed_in(ADVISER, javascript=javascript)
    await adviser.goto(f"/services?query={word}")
    await expect(adviser.get_by_role("link", name=f"Kerho {word}", exact=True)).to_be_visible()


async def _enter_organization(page: Page, word: str, boss: str) -> None:
    await page.goto("/?lang=fi")
    await page.locator("#navigation").get_by_role("link", name="Ylläpito", exact=True).click()
    await page.get_by_role("link", name="Lisää organisaatio").click()
    await page.get_by_role("group", name="Nimi", exact=True).get_by_label("suomeksi").fill(f"Seura {word}")
    await page.get_by_role("group", name="Kuvaus").get_by_label("suomeksi").fill("Kokoontuu viikoittain.")
    await page.get_by_role("button", name="Lisää organisaatio").click()
    await expect(page.get_by_text("Organisaatio on lisätty.")).to_be_visible()
    await page.get_by_role("link", name="Kutsu pääkäyttäjä").click()
    await expect(page.get_by_label("Pääkäyttäjä")).to_be_checked()
    await page.get_by_label("Sähköposti").fill(boss)
    await page.get_by_role("button", name="Lähetä kutsu").click()
    await expect(page.get_by_text("Kutsu on lähtenyt sähköpostilla.")).to_be_visible()


async def _signed_in_soon(windows: Windows, email: str, *, javascript: bool) -> Page:
    """Sign in as somebody of whom the portal hears in a moment."""
    page = await windows.open(javascript=javascript)
    button = page.get_by_role("button", name=email, exact=True)
    for _ in range(100):
        await page.goto("/sign-in")
        if await button.count():
            break
        await page.wait_for_timeout(200)
    await button.click()
    await page.wait_for_url(lambda url: "/sign-in" not in url)
    return page


async def _invite(page: Page, email: str, role: str) -> None:
    await page.locator("#side").get_by_role("link", name="Työntekijät").click()
    await page.get_by_role("link", name="Kutsu työntekijä").click()
    await page.get_by_label("Sähköposti").fill(email)
    await page.get_by_role("button", name="Lähetä kutsu").click()  # without a role
    await expect(page.get_by_role("heading", name="Korjaa nämä kohdat")).to_be_visible()
    await expect(page.get_by_label("Sähköposti")).to_have_value(email)
    await page.get_by_text(role, exact=True).click()
    await page.get_by_role("button", name="Lähetä kutsu").click()
    await expect(page.get_by_role("link", name=email)).to_be_visible()


async def _enter_service(page: Page, word: str, *, javascript: bool) -> None:
    await page.locator("#side").get_by_role("link", name="Palvelut").click()
    await page.get_by_role("link", name="Lisää palvelu").click()
    name = page.get_by_role("group", name="Nimi", exact=True)
    for language, text in (("suomeksi", "Kerho"), ("ruotsiksi", "Klubb"), ("englanniksi", "Club")):
        await name.get_by_label(language).fill(f"{text} {word}")
    await page.get_by_role("group", name="Asiasanat").get_by_label("suomeksi").fill("käsityö\nkudonta")
    loads: list[int] = []
    page.on("domcontentloaded", lambda _: loads.append(1))
    await page.get_by_role("button", name="Lisää puhelinnumero").click()
    number = page.get_by_label("Numero", exact=True)
    await expect(number).to_be_focused()
    assert len(loads) == (0 if javascript else 1)
    await expect(name.get_by_label("ruotsiksi")).to_have_value(f"Klubb {word}")
    await number.fill("017 182 111")
    await page.get_by_role("button", name="Lisää palvelu").last.click()
    await expect(page.get_by_text("Palvelu on lisätty.")).to_be_visible()
    await page.get_by_role("link", name=f"Kerho {word}").click()
    await expect(page.get_by_label("Numero", exact=True)).to_have_value(re.compile(r"\+358 17 182 ?111"))


async def _close_for_a_week(page: Page) -> None:
    await page.locator("#side").get_by_role("link", name="Sulkuajat").click()
    await page.get_by_label("Ensimmäinen päivä").fill("2031-07-07")
    await page.get_by_label("Viimeinen päivä").fill("2031-07-13")
    await page.get_by_role("group", name="Syy").get_by_label("suomeksi").fill("Kesäloma")
    await page.get_by_role("button", name="Tallenna").last.click()
    await expect(page.get_by_text("Sulkuajat on tallennettu.")).to_be_visible()
    await expect(page.get_by_label("Viimeinen päivä")).to_have_value("2031-07-13")
