"""Legal bases: statutes to choose from, and what a client is told before consenting, on paper too."""

import re
from html.parser import HTMLParser
from uuid import uuid4

import pytest

from services.referral.consent.texts import FOLDER, consent_texts
from tests.builders import small_town
from tests.chains import organizations_in_a_row
from tests.platform import Platform
from tests.referring import SECRETS, at_work, new_referral, problem, sent_referral

LANGUAGES = ("ar", "en", "es", "fa", "fi", "ru", "sv", "uk")


class Page(HTMLParser):
    """Checks that elements are closed in order, and keeps attributes and text."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.attributes: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes.append((tag, dict(attrs)))
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


async def test_members_choose_from_a_list_of_statutes_with_plain_explanations(platform: Platform) -> None:
    town = await small_town(platform)
    for who in (town.adviser, town.desk, town.coordinator):
        answer = await platform.client("referral", who).get("/legal-bases")
        assert answer.status_code == 200, answer.text
    listed = answer.json()
    for language in ("fi", "sv", "en"):
        assert listed["note"][language]
        for statute in listed["contents"]:
            assert statute["name"][language]
            assert len(statute["explanation"][language]) > 60
    assert "no legal advice" in listed["note"]["en"]
    codes = [statute["code"] for statute in listed["contents"]]
    assert len(codes) == len(set(codes)) >= 10
    assert {"fi-681-2023", "fi-434-2003-8", "fi-621-1999-29", "gdpr-6-1-e"} <= set(codes)
    problem(await platform.client("referral").get("/legal-bases"), 401, "unauthenticated")


async def test_a_listed_statute_is_shown_with_its_name_and_explanation(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    statutes = (await adviser.client.get("/legal-bases")).json()["contents"]
    for statute in statutes:
        basis = {"kind": "statute", "statute": statute["code"]}
        referral = await sent_referral(platform, town, legal_basis=basis, on_duplicate="go_on")
        assert referral["legal_basis"]["statute"] == statute["code"]
        assert referral["legal_basis"]["listed"] == statute
    accepted = await desk.done("accept", await desk.read(referral["id"]))
    assert accepted["legal_basis"]["listed"]["name"]["fi"] == statute["name"]["fi"]


async def test_a_statute_may_be_named_in_other_words_as_before(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town, legal_basis={"kind": "statute", "statute": "a section"})
    assert referral["legal_basis"]["statute"] == "a section"
    assert "listed" not in referral["legal_basis"]


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a_client_reads_in_its_own_language_what_the_consent_is_for(platform: Platform, language: str) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    params = {"service_id": str(town.advice), "language": language}
    answer = await adviser.client.get("/consent-text", params=params)
    assert answer.status_code == 200, answer.text
    text = answer.json()
    assert (text["language"], text["in_requested_language"]) == (language, True)
    assert answer.headers["Content-Language"] == language
    assert text["direction"] == ("rtl" if language in ("ar", "fa") else "ltr")
    shown = " ".join(paragraph for section in text["sections"] for paragraph in section["paragraphs"])
    for slug in ("navigaattori", "business kuopio", "advice for starting a business"):
        own = language if language in ("fi", "sv", "en") else "en"
        assert f"{slug} ({own})" in shown
    assert "{" not in shown
    assert text["source_organization"]["id"] == str(town.navigaattori)
    assert text["target_organization"]["id"] == str(town.business)
    assert text["service"]["id"] == str(town.advice)
    assert sum(len(section["items"]) for section in text["sections"]) == 4
    assert len(text["signature_lines"]) == 4


def test_every_language_says_as_much() -> None:
    assert tuple(consent_texts()) == LANGUAGES
    finnish = consent_texts()["fi"]
    shape = [(section.heading is None, len(section.paragraphs), len(section.items)) for section in finnish.sections]
    places = [re.findall(r"\{\w+\}", str(section.paragraphs)) for section in finnish.sections]
    for language, text in consent_texts().items():
        assert text.language == language
        assert [(s.heading is None, len(s.paragraphs), len(s.items)) for s in text.sections] == shape
        assert [sorted(set(re.findall(r"\{\w+\}", str(s.paragraphs)))) for s in text.sections] == [
            sorted(set(each)) for each in places
        ]
        assert len(text.signature_lines) == len(finnish.signature_lines)


async def test_a_text_that_no_native_speaker_has_read_says_so_to_the_adviser(platform: Platform) -> None:
    town = await small_town(platform)
    params = {"service_id": str(town.advice), "language": "uk"}
    text = (await at_work(platform, town.adviser).client.get("/consent-text", params=params)).json()
    assert text["reviewed"] is False
    assert (text["notes_language"], len(text["notes"])) == ("fi", 1)
    swedish = (await at_work(platform, town.colleague).client.get("/consent-text", params=params)).json()
    assert swedish["notes"][0].startswith("Ingen som har språket som modersmål")


async def test_an_unknown_language_falls_back_to_english_and_says_so(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    params = {"service_id": str(town.advice), "language": "so"}
    text = (await adviser.client.get("/consent-text", params=params)).json()
    assert (text["language"], text["requested_language"], text["in_requested_language"]) == ("en", "so", False)
    assert text["notes"][0].startswith("Pyydetyllä kielellä ei vielä ole tekstiä.")
    arabic = (await adviser.client.get("/consent-text", params={**params, "language": "ar-SY"})).json()
    assert (arabic["language"], arabic["in_requested_language"]) == ("ar", True)
    problem(await adviser.client.get("/consent-text", params={**params, "language": "not a language"}), 422, "invalid")


@pytest.mark.parametrize(("language", "direction"), [("ar", "rtl"), ("fi", "ltr"), ("uk", "ltr")])
async def test_the_text_can_be_printed_and_signed(platform: Platform, language: str, direction: str) -> None:
    town = await small_town(platform)
    await town.facts.service("advice & <b>help</b>", town.business, service_id=town.advice)
    await platform.settle()
    adviser = at_work(platform, town.adviser)
    await adviser.refer(new_referral(town))
    params = {"service_id": str(town.advice), "language": language}
    browser = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}
    answer = await adviser.client.get("/consent-text", params=params, headers=browser)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["Vary"] == "Accept"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = Page(answer.text)
    assert page.attributes[0] == ("html", {"lang": language, "dir": direction})
    assert "@media print" in answer.text
    assert "advice &amp; &lt;b&gt;help&lt;/b&gt;" in answer.text
    assert sum(tag == "dt" for tag, _ in page.attributes) == 4, "lines for date and signature"
    text = (await adviser.client.get("/consent-text", params=params)).json()
    words = "".join(page.words)
    for section in text["sections"]:
        for part in (*section["paragraphs"], *section["items"]):
            assert part in words
    asked_for = [
        value for _, attributes in page.attributes for key, value in attributes.items() if key in ("src", "href")
    ]
    assert asked_for == [], "it stands alone"
    for secret in SECRETS:
        assert secret not in answer.text


async def test_who_may_ask_for_a_text_and_for_what(platform: Platform) -> None:
    row = await organizations_in_a_row(platform)
    town = row.town
    params = {"service_id": str(town.advice), "language": "fi"}
    problem(await platform.client("referral").get("/consent-text", params=params), 401, "unauthenticated")
    problem(await platform.client("referral", town.coordinator).get("/consent-text", params=params), 403, "forbidden")
    own = await row.at(1).client.get("/consent-text", params=params)
    problem(own, 422, "own-service")
    onwards = await row.at(1).client.get("/consent-text", params={**params, "service_id": str(row.services[2])})
    assert onwards.json()["source_organization"]["id"] == str(town.business), "a desk asks for what it passes on"
    unknown = await row.at(0).client.get("/consent-text", params={**params, "service_id": str(uuid4())})
    problem(unknown, 422, "unknown-service")


def test_every_data_file_is_a_text() -> None:
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {*LANGUAGES, "notes"}
