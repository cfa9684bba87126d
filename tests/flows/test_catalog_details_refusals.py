"""What an adviser needs to know of a service: what is refused, and which field the answer names."""

from typing import Any

from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform

MATCHING = "/services/talent-matching"
PHONE = {"number": "017 182 000"}
OPEN = {"byday": "MO", "opens_at": "09:00", "closes_at": "15:00"}
WHO = {"title": "Neuvoja", "email": "desk@x.example"}
BAD: list[tuple[dict[str, Any], str]] = [
    ({"phones": None}, "phones"),
    ({"phones": {"number": "017 182 000"}}, "phones"),
    ({"phones": [{}]}, "phones.0.number"),
    ({"phones": ["017 182 000"]}, "phones.0"),
    ({"phones": [PHONE, {"number": "no number"}]}, "phones.1.number"),
    ({"phones": [{"number": "017 182 000 ext. 3"}]}, "phones.0.number"),
    ({"phones": [{"number": "040 123"}]}, "phones.0.number"),
    ({"phones": [{"number": "131052-308T"}]}, "phones.0.number"),
    ({"phones": [{**PHONE, "extension": "12"}]}, "phones.0.extension"),
    ({"phones": [{**PHONE, "extension": -1}]}, "phones.0.extension"),
    ({"phones": [{**PHONE, "type": "satellite"}]}, "phones.0.type"),
    ({"phones": [{**PHONE, "languages": ["Finnish language"]}]}, "phones.0.languages.0"),
    ({"phones": [{**PHONE, "description": {"fi": None}}]}, "phones.0.description"),
    ({"phones": [{**PHONE, "name": "x"}]}, "phones.0.name"),
    ({"phones": [{"number": f"017 182 {number:03}"} for number in range(21)]}, "phones"),
    ({"schedules": [{}]}, "schedules.0.opens_at"),
    ({"schedules": [OPEN, OPEN | {"opens_at": "14:00"}]}, "schedules.1"),
    ({"schedules": [OPEN | {"closes_at": "08:59"}]}, "schedules.0.closes_at"),
    ({"schedules": [OPEN | {"opens_at": "9:00"}]}, "schedules.0.opens_at"),
    ({"schedules": [OPEN | {"opens_at": "24:00"}]}, "schedules.0.opens_at"),
    ({"schedules": [OPEN | {"opens_at": "09:00Z"}]}, "schedules.0.opens_at"),
    ({"schedules": [OPEN | {"opens_at": "09:00-05:00"}]}, "schedules.0.opens_at"),
    ({"schedules": [OPEN | {"opens_at": 32400}]}, "schedules.0.opens_at"),
    ({"schedules": [OPEN | {"byday": "MA"}]}, "schedules.0.byday"),
    ({"schedules": [OPEN | {"byday": "2MO"}]}, "schedules.0.freq"),
    ({"schedules": [OPEN | {"freq": "DAILY"}]}, "schedules.0.freq"),
    ({"schedules": [OPEN | {"freq": "MONTHLY", "bymonthday": "32"}]}, "schedules.0.bymonthday"),
    ({"schedules": [OPEN | {"interval": 0}]}, "schedules.0.interval"),
    ({"schedules": [OPEN | {"interval": 2}]}, "schedules.0.dtstart"),
    ({"schedules": [OPEN | {"valid_from": "2026-02-30"}]}, "schedules.0.valid_from"),
    ({"schedules": [OPEN | {"valid_from": "2026-02-02", "valid_to": "2026-02-01"}]}, "schedules.0.valid_to"),
    ({"contacts": [WHO | {"name": "Somebody"}]}, "contacts.0"),
    ({"contacts": [{"title": "Neuvoja"}]}, "contacts.0"),
    ({"contacts": [{"email": "desk@x.example"}]}, "contacts.0"),
    ({"contacts": [WHO | {"email": "desk"}]}, "contacts.0.email"),
    ({"contacts": [WHO | {"phones": [{"number": "x"}]}]}, "contacts.0.phones.0.number"),
    ({"service_areas": [{}]}, "service_areas.0.name"),
    ({"service_areas": [{"name": {"fi": None}}]}, "service_areas.0.name"),
    ({"service_areas": [{"name": "Kuopio", "uri": "kuopio"}]}, "service_areas.0.uri"),
    ({"cost_options": [{}]}, "cost_options.0"),
    ({"cost_options": [{"currency": "EUR"}]}, "cost_options.0"),
    ({"cost_options": [{"amount": -1}]}, "cost_options.0.amount"),
    ({"cost_options": [{"amount": 1.005}]}, "cost_options.0.amount"),
    ({"cost_options": [{"amount": "free"}]}, "cost_options.0.amount"),
    ({"cost_options": [{"amount": 1, "currency": "EURO"}]}, "cost_options.0.currency"),
    ({"cost_options": [{"amount": 1, "currency": "XYZ"}]}, "cost_options.0.currency"),
    ({"cost_options": [{"amount": 1, "currency": "€"}]}, "cost_options.0.currency"),
    ({"cost_options": [{"amount": 1, "valid_from": "2026-02-02", "valid_to": "2026-02-01"}]}, "cost_options.0"),
    ({"required_documents": [{}]}, "required_documents.0.document"),
    ({"required_documents": [{"document": "Passi", "uri": "ftp://x.example"}]}, "required_documents.0.uri"),
    ({"fees_description": 5}, "fees_description"),
    ({"interpretation_services": {"de": "ja"}}, "interpretation_services.de"),
    ({"minimum_age": -1}, "minimum_age"),
    ({"minimum_age": 17.5}, "minimum_age"),
    ({"minimum_age": True}, "minimum_age"),
    ({"maximum_age": 121}, "maximum_age"),
    ({"minimum_age": 30, "maximum_age": 29}, "maximum_age"),
    ({"typical_wait_days": -1}, "typical_wait_days"),
    ({"typical_wait_days": "a week"}, "typical_wait_days"),
]


async def test_what_cannot_be_is_refused_and_says_where(platform: Platform) -> None:
    town = await kuopio(platform)
    for body, field in BAD:
        changed = await town.change("PATCH", MATCHING, body)
        entered = await town.admin.post("/services", json={"name": "Uusi", **body})
        for answer in (changed, entered):
            assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json"), body
            assert answer.json()["errors"][0]["field"] == field, body
    assert (await town.read(MATCHING))["version"] == 1


async def test_a_telephone_number_that_looks_like_an_identity_code_is_none(platform: Platform) -> None:
    town = await kuopio(platform)
    for number, shown in (("020111-2832", "+358 20 1112832"), ("020141-0177", "+358 20 1410177")):
        answer = await town.change("PATCH", MATCHING, {"phones": [{"number": number}]})
        assert answer.status_code == 200, answer.text
        assert answer.json()["phones"][0]["number"] == shown


async def test_a_price_that_is_no_number_is_refused(platform: Platform) -> None:
    """As JSON itself has none of them, they are sent by hand."""
    town = await kuopio(platform)
    headers = {"If-Match": '"1"', "Content-Type": "application/json"}
    for amount in (b"NaN", b"Infinity", b"-Infinity", b"1e400", b"true"):
        body = b'{"cost_options": [{"amount": ' + amount + b"}]}"
        answer = await town.admin.patch(MATCHING, content=body, headers=headers)
        assert answer.status_code in (400, 422), (amount, answer.text)


async def test_ages_are_held_against_the_one_that_stays(platform: Platform) -> None:
    town = await kuopio(platform)
    assert (await town.change("PATCH", MATCHING, {"minimum_age": 18, "maximum_age": 18})).status_code == 200
    for body in ({"minimum_age": 19}, {"maximum_age": 17}):
        answer = await town.change("PATCH", MATCHING, body)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "maximum_age")
    assert (await town.change("PATCH", MATCHING, {"minimum_age": 19, "maximum_age": None})).status_code == 200
