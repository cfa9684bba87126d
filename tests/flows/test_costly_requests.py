"""Requests that are small to send and would be large to work on: each costs about what an ordinary one does."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy import event

from shared.problems import MOST_ERRORS
from shared.services import service_names
from shared.web.json_text import _each_once
from tests.builders import small_town
from tests.platform import Platform
from tests.referring import new_referral, problem

ACCENTS = {
    "of two kinds in turn": "\u0301\u0323",
    "with what is not seen between": "\u0301\u200b\u0323",
    "with joiners between": "\u0301\u034f\u0323",
}


class Counted(str):
    """A name that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Counted.compared += 1
        return str.__eq__(self, other)


def test_a_name_given_twice_is_found_without_comparing_each_with_each() -> None:
    names = [Counted(f"name {number}") for number in range(1000)]
    Counted.compared = 0
    with pytest.raises(Exception, match="name 999"):
        _each_once([*((name, 1) for name in names), (Counted("name 999"), 2)])
    assert Counted.compared < 10 * len(names)


@pytest.mark.parametrize("accents", ACCENTS.values(), ids=ACCENTS.keys())
async def test_accents_without_end_are_refused_before_they_are_put_in_order(platform: Platform, accents: str) -> None:
    town = await small_town(platform)
    piled = "a" + accents * 200
    message = "has more accents on one letter than any language writes"
    async with platform.client("referral", town.adviser, **{"Idempotency-Key": "k"}) as adviser:
        for place in ("reason", "client.name", "client.email", "client.phone", "no field"):
            outer, _, inner = place.rpartition(".")
            whole: dict[str, Any] = new_referral(town)
            body = whole | ({outer: whole[outer] | {inner: piled}} if outer else {inner: piled})
            refused = problem(await adviser.post("/referrals", json=body), 422, "invalid")
            assert refused["errors"] == [{"field": place, "message": message}]


async def test_accents_that_languages_write_are_none_too_many(platform: Platform) -> None:
    town = await small_town(platform)
    body = new_referral(town, reason="Nguye\u0302\u0303n \u05d1\u05bc\u05b0\u05e8\u05b5\u0591 " + "e\u0301" * 500)
    async with platform.client("referral", town.adviser, **{"Idempotency-Key": "k"}) as adviser:
        assert (await adviser.post("/referrals", json=body)).status_code == 201


async def test_a_request_that_is_all_faults_gets_no_long_answer(platform: Platform) -> None:
    town = await small_town(platform)
    unknown = {f"{number:x}": 1 for number in range(5000)}
    async with platform.client("referral", town.adviser, **{"Idempotency-Key": "k"}) as adviser:
        body = problem(await adviser.post("/referrals", content=json.dumps(unknown)), 415, "unsupported-media-type")
        assert "errors" not in body
        body = problem(await adviser.post("/referrals", json=unknown), 422, "invalid")
        assert len(body["errors"]) == MOST_ERRORS
    async with platform.client("catalog") as anybody:
        query = "&".join(f"{name}=1" for name in list(unknown)[:500])
        assert len(problem(await anybody.get(f"/services?{query}"), 422, "invalid")["errors"]) == MOST_ERRORS


@pytest.mark.parametrize("service", service_names())
@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
async def test_many_who_ask_at_once_for_its_health_cost_as_much_as_one(
    platform: Platform, service: str, path: str
) -> None:
    engine = platform.apps[service].state.luotsi.database.engine.sync_engine
    asked: list[str] = []

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    async with platform.client(service) as monitor:
        await monitor.get(path)
        event.listen(engine, "before_cursor_execute", note)
        try:
            assert (await monitor.get(path)).status_code == 200
            alone, asked[:] = len(asked), []
            answers = await asyncio.gather(*(monitor.get(path) for _ in range(30)))
        finally:
            event.remove(engine, "before_cursor_execute", note)
    assert {answer.status_code for answer in answers} == {200}
    assert alone > 0
    assert len(asked) <= 2 * alone
