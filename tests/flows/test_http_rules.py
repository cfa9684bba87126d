"""What holds for every address: its methods, validators and caching, and that what is not known is refused."""

import gzip
import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.builders import Someone, Town, small_town
from tests.flows.catalog_kuopio import Kuopio, kuopio
from tests.platform import Platform
from tests.referring import JSON, at_work, new_referral, problem, sent_referral

SERVICES = ("catalog", "referral", "notifications")


def addresses(platform: Platform, service: str, ids: dict[str, str]) -> Iterator[tuple[str, set[str]]]:
    """Each address of a service with the methods that its document has for it; `ids` by the name of the parameter."""
    for path, operations in platform.apps[service].openapi()["paths"].items():
        yield path.format(**ids), {method.upper() for method in operations}


async def everything(platform: Platform) -> tuple[Town, JSON, dict[str, dict[str, str]]]:
    """A platform with something at most addresses, and their ids by service."""
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    await platform.settle()
    notice = (await platform.client("notifications", town.desk).get("/notices")).json()["contents"][0]
    client_id = referral["client"]["id"]
    ids = {
        "catalog": {"id": "none"},
        "referral": {"referral_id": referral["id"], "client_id": client_id},
        "notifications": {"notice_id": notice["id"]},
    }
    return town, referral, ids


@pytest.mark.parametrize("service", SERVICES)
async def test_every_address_tells_its_methods(platform: Platform, service: str) -> None:
    _, _, ids = await everything(platform)
    async with platform.client(service) as client:
        for path, methods in addresses(platform, service, ids[service]):
            known = methods | {"OPTIONS"} | ({"HEAD"} if "GET" in methods else set())
            options = await client.options(path, headers={"Origin": "https://elsewhere.example"})
            assert (options.status_code, options.content) == (204, b""), path
            assert set(options.headers["Allow"].split(", ")) == known, path
            assert not [name for name in options.headers if name.lower().startswith("access-control")]
            for method in ("DELETE", "FOO", "PATCH", "PUT", "POST", "GET"):
                if method not in methods:
                    refused = await client.request(method, path)
                    problem(refused, 405, "method-not-allowed")
                    assert set(refused.headers["Allow"].split(", ")) == known, path


async def test_an_address_with_nothing_is_not_found_whatever_the_method(platform: Platform) -> None:
    async with platform.client("referral") as client:
        for method in ("OPTIONS", "FOO", "DELETE", "GET"):
            problem(await client.request(method, "/nowhere"), 404, "not-found")


@pytest.mark.parametrize("service", SERVICES)
async def test_head_answers_like_get_without_a_body(platform: Platform, service: str) -> None:
    town, _, ids = await everything(platform)
    people: dict[str, list[Someone]] = {"catalog": [town.desk], "notifications": [town.desk]}
    for who in people.get(service, [town.adviser, town.coordinator]):
        async with platform.client(service, who) as client:
            for path, methods in addresses(platform, service, ids[service]):
                if "GET" not in methods or path in ("/metrics", "/notices/stream"):
                    continue
                got, head = await client.get(path), await client.head(path)
                assert (head.status_code, head.content) == (got.status_code, b""), path
                assert head.headers["Content-Type"] == got.headers["Content-Type"], path
                if "made_at" not in got.text:
                    assert head.headers["Content-Length"] == str(len(got.content)), path
                    assert head.headers.get("ETag") == got.headers.get("ETag"), path


async def test_head_of_a_stream_ends_at_once(platform: Platform) -> None:
    town, _, _ = await everything(platform)
    head = await platform.client("notifications", town.desk).head("/notices/stream")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["Content-Type"].startswith("text/event-stream")
    assert head.headers["Cache-Control"] == "no-store"


async def test_head_is_no_look(platform: Platform) -> None:
    town, referral, _ = await everything(platform)
    desk = at_work(platform, town.desk)
    shown = "SELECT count(*) FROM disclosures"
    before = await platform.scalar("referral", shown)
    for path in (f"/referrals/{referral['id']}", f"/referrals/{referral['id']}/fhir"):
        assert (await desk.client.head(path)).status_code == 200
        adviser = platform.client("referral", town.adviser)
        assert (await adviser.head(path)).status_code == 200
    assert await platform.scalar("referral", shown) == before
    assert await platform.scalar("referral", "SELECT first_viewed_at FROM referrals") is None
    assert (await desk.read(referral["id"]))["first_viewed_at"] is not None


@pytest.mark.parametrize("service", SERVICES)
async def test_who_has_an_answer_gets_304(platform: Platform, service: str) -> None:
    town, _, ids = await everything(platform)
    who = town.desk if service != "referral" else town.adviser
    changing = {"/metrics", "/notices/stream", f"/clients/{ids['referral']['client_id']}/report"}
    async with platform.client(service, who) as client:
        for path, methods in addresses(platform, service, ids[service]):
            if "GET" not in methods or path in changing:
                continue
            first = await client.get(path)
            if first.status_code != 200:
                continue
            tag = first.headers["ETag"]
            for given in (tag, f"W/{tag}", f'"other", {tag}', "*", tag[:-1] + '-gzip"', tag[:-1] + '-zstd"'):
                again = await client.get(path, headers={"If-None-Match": given})
                assert (again.status_code, again.content) == (304, b""), (path, given)
                assert again.headers["ETag"] == tag
                assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
                assert again.headers.get("Vary") == first.headers.get("Vary")
                assert "Content-Type" not in again.headers
                assert "Content-Length" not in again.headers
            two_lines = [("If-None-Match", '"other"'), ("If-None-Match", tag)]
            assert (await client.get(path, headers=two_lines)).status_code == 304, path
            assert (await client.head(path, headers={"If-None-Match": tag})).status_code == 304, path
            for given in ('"other"', tag.strip('"'), '""'):
                assert (await client.get(path, headers={"If-None-Match": given})).status_code == 200, (path, given)


async def test_what_is_not_of_the_version_is_of_the_etag(platform: Platform) -> None:
    town, referral, _ = await everything(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    await desk.read(referral["id"])
    path = f"/referrals/{referral['id']}"
    before = await adviser.client.get(path)
    sent = await desk.client.post(f"{path}/messages", json={"text": "which day?"})
    assert sent.status_code == 201
    after = await adviser.client.get(path, headers={"If-None-Match": before.headers["ETag"]})
    assert after.status_code == 200, "the version is the same, and a message is unread"
    assert (after.json()["unread_messages"], after.json()["version"]) == (1, before.json()["version"])


async def test_each_language_has_its_etag(platform: Platform) -> None:
    town = await kuopio(platform)
    tags = {}
    for language in ("fi", "sv", "en"):
        for path in ("/services/talent-matching", "/organizations/navigaattori", "/services"):
            answer = await town.client().get(path, headers={"Accept-Language": language})
            assert answer.headers["Vary"] == "Accept-Language, Authorization"
            tags[path, language] = answer.headers["ETag"]
    assert len(set(tags.values())) == len(tags)
    finnish = {"Accept-Language": "sv", "If-None-Match": tags["/services/talent-matching", "fi"]}
    assert (await town.client().get("/services/talent-matching", headers=finnish)).status_code == 200


@pytest.mark.parametrize(
    "given",
    [
        [("If-Match", '"{v}"')],
        [("If-Match", 'W/"{v}"')],
        [("If-Match", '"{v}-gzip"')],
        [("If-Match", 'W/"{v}-0123456789abcdef-zstd"')],
        [("If-Match", '"99", "{v}"')],
        [("If-Match", '"99"'), ("If-Match", '"{v}"')],
        [("If-Match", '"99",W/"98" , "{v}"')],
        [("If-Match", "*")],
        [("If-Match", " * ")],
    ],
)
async def test_a_version_is_named_in_every_form(platform: Platform, given: list[tuple[str, str]]) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    headers = [(name, value.replace("{v}", str(referral["version"]))) for name, value in given]
    answer = await platform.client("referral", town.desk).post(
        f"/referrals/{referral['id']}/accept", json={}, headers=headers
    )
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("given", "status", "name"),
    [
        ('"{v}0"', 412, "stale-version"),
        ("{v}", 412, "stale-version"),
        ('W/"{v}0"', 412, "stale-version"),
        ('"0{v}"', 412, "stale-version"),
        ('"{v}.0"', 412, "stale-version"),
        ('"", "*"', 412, "stale-version"),
        ("", 428, "precondition-required"),
    ],
)
async def test_another_version_is_another_in_every_form(platform: Platform, given: str, status: int, name: str) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    answer = await platform.client("referral", town.desk).post(
        f"/referrals/{referral['id']}/accept",
        json={},
        headers={"If-Match": given.replace("{v}", str(referral["version"]))},
    )
    problem(answer, status, name)


async def test_the_etag_of_a_reading_names_the_version(platform: Platform) -> None:
    town = await small_town(platform)
    referral = await sent_referral(platform, town)
    desk = platform.client("referral", town.desk)
    path = f"/referrals/{referral['id']}"
    seen = await desk.get(path)
    answer = await desk.post(f"{path}/accept", json={}, headers={"If-Match": seen.headers["ETag"]})
    assert answer.status_code == 200
    problem(await desk.post(f"{path}/start", json={}, headers={"If-Match": seen.headers["ETag"]}), 412, "stale-version")


REPEATED = [
    ('{"text": "one", "text": "two"}', "text"),
    ('{"text": "one", "\\u0074ext": "one"}', "text"),
    ('{"text": "one", "more": {"a": 1, "b": {"c": 1, "c": 1}}}', "c"),
    ('{"text": "one", "more": [{"a": 1}, {"a": 1, "a": null}]}', "a"),
]


@pytest.mark.parametrize(("body", "name"), REPEATED)
async def test_a_field_that_is_given_twice_is_refused(platform: Platform, body: str, name: str) -> None:
    town, referral, _ = await everything(platform)
    client = platform.client("referral", town.adviser, **{"Content-Type": "application/json"})
    answer = problem(await client.post(f"/referrals/{referral['id']}/messages", content=body), 422, "invalid")
    assert answer["errors"] == [{"field": name, "message": "given twice in one object"}]
    assert await platform.scalar("referral", "SELECT count(*) FROM messages") == 0


@pytest.mark.parametrize(
    "body",
    [
        '{"text": NaN}',
        '{"text": Infinity}',
        "[" * 30_000,
        '{"a":' * 10_000,
        "{",
        '{"text": "a"} {}',
        "\xff",
        "'a'",
        "nul",
    ],
)
async def test_what_is_no_json_is_malformed(platform: Platform, body: str) -> None:
    town, referral, _ = await everything(platform)
    client = platform.client("referral", town.adviser, **{"Content-Type": "application/json"})
    path = f"/referrals/{referral['id']}/messages"
    problem(await client.post(path, content=body.encode("latin-1")), 400, "malformed")


UNKNOWN = [
    ("referral", "/referrals?stauts=draft", "stauts"),
    ("referral", "/referrals?stauts=", "stauts"),
    ("referral", "/referrals?stauts", "stauts"),
    ("referral", "/referrals?box=sent&Box=sent", "Box"),
    ("referral", "/referrals?limit=1&limit=2", "limit"),
    ("referral", "/referrals?%73earch=x", "search"),
    ("referral", "/referrals/{id}?fields=id", "fields"),
    ("referral", "/referrals/{id}/fhir?_summary=true", "_summary"),
    ("referral", "/legal-bases?page=2", "page"),
    ("catalog", "/services?search=work", "search"),
    ("catalog", "/services?query=work&query=play", "query"),
    ("catalog", "/organizations?taxonomy_term=x", "taxonomy_term"),
    ("catalog", "/livez?x=1", "x"),
    ("catalog", "/openapi.json?x=1", "x"),
    ("notifications", "/notices?seen=false", "seen"),
    ("notifications", "/notices/stream?unseen=true&follow=false", "unseen"),
]


@pytest.mark.parametrize(("service", "path", "name"), UNKNOWN)
async def test_a_parameter_that_is_not_known_is_refused(platform: Platform, service: str, path: str, name: str) -> None:
    town, referral, _ = await everything(platform)
    client = platform.client(service, town.adviser)
    answer = problem(await client.get(path.replace("{id}", referral["id"])), 422, "invalid")
    assert [each["field"] for each in answer["errors"]] == [f"query.{name}"]


async def test_unknown_parameters_are_told_after_who_may_and_with_what_is_known(platform: Platform) -> None:
    town, referral, _ = await everything(platform)
    path = f"/referrals/{referral['id']}/withdrawal?x=1"
    problem(await platform.client("referral").get(path), 401, "unauthenticated")
    problem(await platform.client("referral", town.bystander).get(path), 404, "not-found")
    problem(await platform.client("referral", town.desk).get(path), 403, "forbidden")
    problem(await platform.client("referral", town.adviser).get(path), 422, "invalid")
    several = await platform.client("referral", town.adviser).get("/referrals?limti=3&status=draft&status=requested")
    [error] = problem(several, 422, "invalid")["errors"]
    assert error["field"] == "query.limti"
    assert "limit" in error["message"]
    post = await platform.client("referral", town.adviser).post("/clients/search?x=1", json={"name": "Nobody"})
    problem(post, 422, "invalid")


async def test_what_is_personal_is_kept_by_nobody_on_the_way(platform: Platform) -> None:
    town, _, ids = await everything(platform)
    for service in SERVICES:
        async with platform.client(service, town.desk) as client:
            for path, methods in addresses(platform, service, ids[service]):
                if "GET" in methods:
                    query = "?follow=false" if path.endswith("/stream") else ""
                    answer = await client.get(path + query)
                    assert answer.headers["Cache-Control"] == "no-store", path


async def test_what_anybody_may_read_is_asked_for_again_before_it_is_used(platform: Platform) -> None:
    town = await kuopio(platform)
    for path in ("/organizations", "/organizations/kompassi", "/services?query=neuvonta", "/services"):
        asked = {"Accept-Language": "sv"}
        answer = await town.client().get(path, headers=asked)
        assert answer.headers["Cache-Control"] == "no-cache", path
        assert answer.headers["Vary"] == "Accept-Language, Authorization", path
        kept = await town.client().get(path, headers=asked | {"If-None-Match": answer.headers["ETag"]})
        assert (kept.status_code, kept.headers["Cache-Control"]) == (304, "no-cache"), path
        other = await town.client().get(path, headers={"If-None-Match": answer.headers["ETag"]})
        assert other.status_code == 200, path  # another language has another tag
        assert (await town.client().head(path)).headers["Cache-Control"] == "no-cache", path
        refused = await town.client().get(f"{path}{'&' if '?' in path else '?'}nothing=1")
        assert (refused.status_code, refused.headers["Cache-Control"]) == (422, "no-store"), path


async def test_no_address_of_the_catalogue_names_a_language_that_its_text_is_not_in(platform: Platform) -> None:
    town = await kuopio(platform)
    await _only_finnish(town)
    for path in ("/organizations/vain-suomeksi", "/services/vain-suomeksi", "/services?query=ainoastaan"):
        answer = await town.client().get(path, headers={"Accept-Language": "sv"})
        assert answer.headers["Content-Language"] == "fi", path
    both = await town.client().get("/services", headers={"Accept-Language": "sv"}, params={"size": "100"})
    assert both.headers["Content-Language"] == "sv, fi"
    seeded = await town.client().get("/services/talent-matching", headers={"Accept-Language": "sv"})
    assert seeded.headers["Content-Language"] == "sv"


async def _only_finnish(town: Kuopio) -> None:
    name: dict[str, Any] = {"name": "Vain suomeksi", "description": {"fi": "Ainoastaan suomeksi"}}
    made = await town.admin.post("/organizations", json=name, headers={"Accept-Language": "sv"})
    assert (made.status_code, made.headers["Content-Language"]) == (201, "fi"), made.text
    service = {**name, "organization_id": made.json()["id"]}
    made = await town.admin.post("/services", json=service, headers={"Accept-Language": "sv"})
    assert (made.status_code, made.headers["Content-Language"]) == (201, "fi"), made.text


@pytest.mark.parametrize("coding", ["gzip", "br", "GZIP", "identity, gzip"])
async def test_a_compressed_body_is_refused_as_one(platform: Platform, coding: str) -> None:
    town, referral, _ = await everything(platform)
    client = platform.client("referral", town.adviser, **{"Content-Type": "application/json"})
    path = f"/referrals/{referral['id']}/messages"
    packed = gzip.compress(b'{"text": "hello"}')
    answer = problem(
        await client.post(path, content=packed, headers={"Content-Encoding": coding}), 415, "unsupported-media-type"
    )
    assert "Content-Encoding" in answer["detail"]
    plain = await client.post(path, content=gzip.decompress(packed), headers={"Content-Encoding": "identity"})
    assert plain.status_code == 201


async def test_only_a_parameter_without_a_value_counts_as_not_given(platform: Platform) -> None:
    client = platform.client("catalog")
    for nothing in ("/services?accepting=", "/services?query=&page=1"):
        assert (await client.get(nothing)).status_code == 200
    for wrong in ("/services?page=1=", "/services?accepting==", "/services?page=x&size=="):
        problem(await client.get(wrong), 422, "invalid")


FHIR = [
    ({}, "", 200),
    ({"Accept": "application/fhir+json"}, "", 200),
    ({"Accept": "application/json"}, "", 200),
    ({"Accept": "application/*"}, "", 200),
    ({"Accept": "application/fhir+xml, application/fhir+json;q=0.1"}, "", 200),
    ({"Accept": "application/fhir+xml, */*;q=0.1"}, "", 200),
    ({"Accept": "application/fhir+xml"}, "", 406),
    ({"Accept": "application/fhir+xml, text/html"}, "", 406),
    ({"Accept": "application/fhir+json;q=0, application/json;q=0, */*"}, "", 406),
    ({"Accept": "application/fhir+xml"}, "?_format=json", 200),
    ({}, "?_format=application/fhir%2Bjson", 200),
    ({}, "?_format=application/fhir+json", 200),
    ({}, "?_format=xml", 406),
    ({"Accept": "application/fhir+json"}, "?_format=application/fhir%2Bxml", 406),
    ({}, "?_format=ttl", 406),
    ({"Accept": "application/fhir+json; fhirVersion=4.0"}, "", 200),
    ({"Accept": "application/fhir+json; fhirVersion=5.0"}, "", 406),
    ({"Accept": "application/fhir+json; fhirVersion=3.0, application/json;q=0.5"}, "", 200),
    ({}, "?_format=application/fhir%2Bjson;fhirVersion=4.3", 406),
    ({}, "?_format=application/fhir%2Bjson;%20fhirVersion=4.0", 200),
]


@pytest.mark.parametrize(("headers", "query", "status"), FHIR)
async def test_fhir_is_given_to_who_takes_it_in_json(
    platform: Platform, headers: dict[str, str], query: str, status: int
) -> None:
    town, referral, _ = await everything(platform)
    desk = platform.client("referral", town.desk)
    del desk.headers["Accept"]
    answer = await desk.get(f"/referrals/{referral['id']}/fhir{query}", headers=headers)
    looked = await platform.scalar("referral", "SELECT first_viewed_at FROM referrals")
    if status == 200:
        assert answer.headers["Content-Type"] == "application/fhir+json"
        assert looked is not None
    else:
        problem(answer, status, "not-acceptable")
        assert looked is None, "nothing was seen"


def times_in(value: Any) -> Iterator[str]:
    """Every text in an answer that is a moment by its form."""
    if isinstance(value, dict):
        for each in value.values():
            yield from times_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from times_in(each)
    elif isinstance(value, str) and value[:2] == "20" and value[10:11] == "T":
        yield value


async def test_all_times_are_utc_and_end_in_z(platform: Platform) -> None:
    town, referral, ids = await everything(platform)
    draft = await at_work(platform, town.adviser).refer(new_referral(town, send=False, on_duplicate="go_on"))
    answers: list[httpx2.Response] = [draft]
    for service, who in (("referral", town.adviser), ("referral", town.coordinator), ("notifications", town.desk)):
        async with platform.client(service, who) as client:
            for path, methods in addresses(platform, service, ids[service]):
                if "GET" in methods and not path.endswith(("/fhir", "/stream", "/metrics")):
                    answers.append(await client.get(path))
    found = [moment for answer in answers for moment in times_in(answer.json())]
    assert len(found) > 30
    assert [moment for moment in found if not moment.endswith("Z")] == []
    assert referral["legal_basis"]["recorded_at"].endswith("Z")
    assert json.dumps(referral).count("+00:00") == 0
