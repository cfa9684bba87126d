"""What people type, through the HTTP interfaces: identity codes are refused in any guise, telephone numbers are not."""

from datetime import timedelta

import pytest

from shared.clock import day_in_kuopio, utc_now
from tests.builders import small_town
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform
from tests.referring import CLIENT, CONSENT, at_work, new_referral, problem, sent_referral


@pytest.mark.parametrize(
    "code",
    [
        "010190900P",
        "01.01.90 - 900P",
        "010190-900\u0420",
        "\u0660\u0661\u0660\u0661\u0669\u0660-900P",
        "010190" + " " * 14 + "900P",
        "mailto:010190%2D900P@example.org",
    ],
)
async def test_an_identity_code_is_refused_in_any_guise_everywhere(platform: Platform, code: str) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    for field in ("name", "email", "phone", "language"):
        request = new_referral(town, client={**CLIENT, field: code})
        refused = problem(await adviser.refer(request), 422, "personal-identity-code")
        assert refused["errors"][0]["field"] == f"client.{field}"
        assert "040 123 4567" in refused["detail"], "it says how to write what is none"
    for field in ("reason", "shareable_note", "private_note"):
        problem(await adviser.refer(new_referral(town, **{field: f"on {code}"})), 422, "personal-identity-code")
    searched = await adviser.client.post("/clients/search", json={"name": code})
    problem(searched, 422, "personal-identity-code")
    in_address = await platform.client("catalog").get("/services", params={"query": code})
    problem(in_address, 422, "personal-identity-code")


async def test_an_identity_code_is_refused_in_the_catalogue_too(platform: Platform) -> None:
    town = await kuopio(platform)
    closure = {"starts_on": "2026-12-24", "ends_on": "2026-12-26", "note": {"fi": "010190 900P"}}
    closing = await town.change("PUT", "/organizations/business-kuopio/closures", {"closures": [closure]})
    problem(closing, 422, "personal-identity-code")
    renaming = await town.change("PATCH", "/organizations/business-kuopio", {"name": {"fi": "Oy 01.01.90-900P"}})
    problem(renaming, 422, "personal-identity-code")


@pytest.mark.parametrize("number", ["040123-4007", "050512-1130", "0401234007", "050770-7205"])
async def test_a_telephone_number_is_read_as_one_first(platform: Platform, number: str) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    made = await adviser.refer(new_referral(town, client={**CLIENT, "phone": number}, reason=f"puh. {number}"))
    assert made.status_code == 201, made.text
    found = (await adviser.client.post("/clients/search", json={"phone": number})).json()["contents"]
    assert [client["id"] for client in found] == [made.json()["client"]["id"]]


SAME_PERSON = [
    {"phone": "+358 (0)44 000 6543"},
    {"phone": "358440006543"},
    {"phone": "+358 044 000 6543"},
    {"phone": "tel:+358440006543"},
    {"phone": "\u202a+358\u00a044\u00a0000\u00a06543\u202c"},
    {"email": "mailto:Person@xn--bcher-kva.example"},
    {"email": "per\u200bson@bücher.example."},
    {"email": "Some Body <person@BÜCHER.example>"},
    {"name": "odz, annaliisa l'"},
    {"name": "Ødz Anna Liisa Ł\u2019"},
]


@pytest.mark.parametrize("written", SAME_PERSON, ids=ascii)
async def test_one_person_is_one_client_however_it_is_written(platform: Platform, written: dict[str, str]) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    client = {
        "language": "fi",
        "name": "Anna-Liisa Ł\u02bc Ödz",
        "phone": "044 000 6543",
        "email": "person@bücher.example",
    }
    made = (await adviser.refer(new_referral(town, client=client))).json()
    assert made["client"]["phone"] == "+358 44 0006543"
    assert made["client"]["email"] == "person@xn--bcher-kva.example"
    found = (await adviser.client.post("/clients/search", json=written)).json()["contents"]
    assert [each["id"] for each in found] == [made["client"]["id"]]
    asked = {"service_id": str(town.advice), "client": {"language": "fi", **written}}
    checked = await adviser.client.post("/referrals/check", json=asked)
    assert checked.status_code == 200, checked.text
    duplicates = [one["matched_by"] for one in checked.json()["duplicates"]]
    assert duplicates == ([] if "name" in written else [list(written)]), "a name alone makes nobody the same"


async def test_two_names_that_differ_by_a_vowel_sign_are_two(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    await adviser.refer(new_referral(town, client={"language": "hi", "name": "सीता"}))
    found = await adviser.client.post("/clients/search", json={"name": "सिता"})
    assert found.json()["contents"] == []


@pytest.mark.parametrize(
    ("field", "written"),
    [
        ("email", "a..b@example.org"),
        ("email", ".a@example.org"),
        ("email", "päivystys@example.org"),
        ("phone", "by and by"),
        ("phone", "1"),
        ("language", "Finnish, mostly"),
        ("business_id", "123"),
    ],
)
async def test_a_refusal_shows_an_example_and_no_pattern(platform: Platform, field: str, written: str) -> None:
    town = await small_town(platform)
    client = {**CLIENT, "kind": "company", field: written}
    refused = problem(await at_work(platform, town.adviser).refer(new_referral(town, client=client)), 422, "invalid")
    (error,) = refused["errors"]
    assert error["field"] == f"client.{field}"
    assert "such as" in error["message"]
    assert not set("^\\[{") & set(error["message"])


NO_DAYS = [
    0,
    1,
    1700000000,
    "0",
    "1700000000",
    1.5,
    True,
    "2026-11-02T10:00:00Z",
    "2026-11-02T00:00:00",
    "0001-01-01",
    "1999-12-31",
    "2200-01-01",
    "2026-13-01",
    "2026-02-30",
    "2.11.2026",
    "20261102",
    "2026-W45-1",
    "\u0662\u0660\u0662\u0666-11-02",
    " ",
    "",
]


@pytest.mark.parametrize("written", NO_DAYS, ids=ascii)
async def test_a_day_is_written_as_one_and_of_our_time(platform: Platform, written: object) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    basis = {"kind": "consent", "consent": {**CONSENT["consent"], "given_on": written}}
    refused = problem(await adviser.refer(new_referral(town, legal_basis=basis)), 422, "invalid")
    assert [error["field"] for error in refused["errors"]] == ["legal_basis.consent.given_on"]
    sent = await sent_referral(platform, town)
    answer = await adviser.give("withdraw-consent", sent, {"withdrawal": {"told_by": "client", "told_on": written}})
    assert [error["field"] for error in problem(answer, 422, "invalid")["errors"]] == ["withdrawal.told_on"]
    if isinstance(written, str) and written != "":  # one that is empty asks for nothing
        coordinator = at_work(platform, town.coordinator).client
        for path in ("/overview", "/overview/referrals", "/report"):
            for name in ("from", "to"):
                problem(await coordinator.get(path, params={name: written}), 422, "invalid")


async def test_a_consent_is_not_withdrawn_before_it_was_given(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    sent = await sent_referral(platform, town)
    before = {"withdrawal": {"told_by": "client", "told_on": "2026-11-01"}}
    refused = problem(await adviser.give("withdraw-consent", sent, before), 422, "invalid")
    assert refused["errors"] == [{"field": "withdrawal.told_on", "message": "before the consent was given"}]
    tomorrow = f"{day_in_kuopio(utc_now()) + timedelta(days=1)}"
    ahead = {"withdrawal": {"told_by": "client", "told_on": tomorrow}}
    problem(await adviser.give("withdraw-consent", sent, ahead), 422, "invalid")
    basis = {"kind": "consent", "consent": {**CONSENT["consent"], "given_on": tomorrow}}
    problem(await adviser.refer(new_referral(town, legal_basis=basis)), 422, "invalid")
    on_the_day = {"withdrawal": {"told_by": "client", "told_on": "2026-11-02"}}
    assert (await adviser.done("withdraw-consent", sent, on_the_day))["status"] == "cancelled"


TEXTLESS = ["\u200b", "\u2800", "\u00ad", "\u3164", "\u0301", "\u202e", "\ufe0f\u200d", "\U000e0041"]


@pytest.mark.parametrize("nothing", TEXTLESS, ids=ascii)
async def test_text_that_is_none_is_taken_nowhere(platform: Platform, nothing: str) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    for field in ("reason", "shareable_note", "private_note"):
        refused = problem(await adviser.refer(new_referral(town, **{field: nothing})), 422, "invalid")
        assert refused["errors"][0]["field"] == field
    problem(await adviser.refer(new_referral(town, client={**CLIENT, "name": nothing})), 422, "invalid")
    sent = await desk.read((await sent_referral(platform, town))["id"])
    problem(await desk.client.post(f"/referrals/{sent['id']}/messages", json={"text": nothing}), 422, "invalid")
    problem(await desk.give("decline", sent, {"reason": {"code": "other", "text": nothing}}), 422, "invalid")
    kuopio_now = await kuopio(platform)
    for change in ({"name": {"fi": nothing}}, {"description": {"fi": nothing}}):
        problem(await kuopio_now.change("PATCH", "/organizations/business-kuopio", change), 422, "invalid")


async def test_a_city_to_search_in_is_a_text_too(platform: Platform) -> None:
    await kuopio(platform)
    catalog = platform.client("catalog")
    refused = problem(await catalog.get("/services", params={"area": "Kuo\x00pio"}), 422, "invalid")
    assert refused["errors"][0]["field"] == "query.area"
    pasted, typed = [
        (await catalog.get("/services", params={"area": area})).json() for area in ("\u200bKuopio ", "kuopio")
    ]
    assert [each["id"] for each in pasted["contents"]] == [each["id"] for each in typed["contents"]]


async def test_what_is_pasted_is_cleaned_and_what_no_document_holds_is_refused(platform: Platform) -> None:
    town = await small_town(platform)
    adviser = at_work(platform, town.adviser)
    client = {**CLIENT, "name": "\u202e Esi\u00admerkki\u00a0\u2068Asiakas\u2069\u200f "}
    made = (await adviser.refer(new_referral(town, client=client, reason="first\u000bsecond\r\nthird"))).json()
    assert made["client"]["name"] == "Esimerkki Asiakas"
    assert made["reason"] == "first\nsecond\nthird"
    for character in ("\u0001", "\u001b", "\ufffe", "\u0080"):
        refused = await adviser.refer(new_referral(town, reason=f"a{character}b"))
        assert problem(refused, 422, "invalid")["errors"][0]["field"] == "reason"
    broken = await adviser.refer(new_referral(town, client={**CLIENT, "name": "Esimerkki\nAsiakas"}))
    assert "in one line" in problem(broken, 422, "invalid")["errors"][0]["message"]
