"""References: longer ones once many are in use, both found as they are typed, and an end to looking for a free one."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
from sqlalchemy import make_url

from services.referral.domain.references import LONGER_FROM, new_reference
from services.referral.queries import recipients
from services.referral.use_cases import creation
from tests.builders import small_town
from tests.platform import Platform
from tests.referring import at_work, new_referral, problem, sent_referral

SHORT, LONGER = len("KUO-7F3K-92"), len("KUO-7F3K-P9A")


@asynccontextmanager
async def counted(platform: Platform, referrals: int) -> AsyncIterator[None]:
    """Let the server believe that there are so many."""
    url = make_url(platform.servers.postgres_admin_url).set(database="referral")
    server = await asyncpg.connect(url.render_as_string(hide_password=False))
    says = "UPDATE pg_class SET reltuples = $1 WHERE oid = 'referrals'::regclass"
    try:
        await server.execute(says, referrals)
        yield
    finally:
        await server.execute(says, 0)
        await server.close()


async def test_new_references_are_longer_once_many_are_in_use(platform: Platform) -> None:
    town = await small_town(platform)
    async with counted(platform, LONGER_FROM - 1):
        before = await sent_referral(platform, town)
    async with counted(platform, LONGER_FROM):
        after = await sent_referral(platform, town)
    assert (len(before["reference"]), len(after["reference"])) == (SHORT, LONGER)
    adviser = at_work(platform, town.adviser).client
    for sent in (before, after):
        for typed in (sent["reference"], sent["reference"].removeprefix("KUO-").replace("-", "").lower()):
            listed = (await adviser.get("/referrals", params={"reference": typed})).json()["contents"]
            assert [one["id"] for one in listed] == [sent["id"]]
            found = (await adviser.post("/clients/search", json={"reference": typed})).json()["contents"]
            assert sent["reference"] in found[0]["references"]


async def test_one_that_is_taken_is_followed_by_a_longer_one(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = await small_town(platform)
    taken = (await sent_referral(platform, town))["reference"]

    def short_ones_are_taken(*, longer: bool = False) -> str:
        return new_reference(longer=True) if longer else taken

    monkeypatch.setattr(recipients, "new_reference", short_ones_are_taken)
    assert len((await sent_referral(platform, town))["reference"]) == LONGER


async def test_where_none_is_free_creating_ends_and_says_so(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    town = await small_town(platform)
    taken = (await sent_referral(platform, town))["reference"]

    def always_taken(**_: Any) -> str:
        return str(taken)

    monkeypatch.setattr(recipients, "new_reference", always_taken)
    monkeypatch.setattr(creation, "new_reference", always_taken)
    adviser = at_work(platform, town.adviser)
    refused = problem(await adviser.refer(new_referral(town), key="none-left"), 503, "unavailable")
    assert "reference" in refused["detail"]
    assert await platform.scalar("referral", "SELECT count(*) FROM referrals") == 1, "nothing half done"
    monkeypatch.undo()
    assert (await adviser.refer(new_referral(town), key="none-left")).status_code == 201, "and the same request again"
