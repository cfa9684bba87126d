"""A client's referrals together: for the advisers of the client's organisation, and for nobody else."""

from typing import Any
from uuid import uuid4

from tests.builders import small_town
from tests.platform import Platform
from tests.referring import SECRETS, at_work, new_referral, problem, sent_referral

JSON = dict[str, Any]
SHOWN = "SELECT count(*) FROM disclosures WHERE occasion = 'referrals' AND client_id = :client AND referral_id IS NULL"


async def test_a_clients_referrals_are_listed_together_newest_first(platform: Platform) -> None:
    town = await small_town(platform)
    adviser, desk = at_work(platform, town.adviser), at_work(platform, town.desk)
    first = await sent_referral(platform, town)
    client = first["client"]["id"]
    again = {"client": ..., "client_id": client}
    draft = (await adviser.refer(new_referral(town, **again, send=False))).json()
    last = (await adviser.refer(new_referral(town, **again, service_id=str(town.guidance)))).json()
    await sent_referral(platform, town)
    await desk.done("decline", await desk.read(first["id"]), {"reason": {"code": "no_capacity"}})
    colleague = at_work(platform, town.colleague)
    found: list[JSON] = []
    following: str | None = f"/clients/{client}/referrals?limit=2"
    while following:
        answer = await colleague.client.get(following)
        assert answer.status_code == 200, answer.text
        assert not [secret for secret in SECRETS if secret in answer.text]
        found += answer.json()["contents"]
        following = answer.json()["next"]
    assert [row["id"] for row in found] == [last["id"], draft["id"], first["id"]]
    assert [(row["status"], row["attention"]) for row in found][2] == ("rejected", "answer_unseen")
    assert await platform.scalar("referral", SHOWN, client=client) == 2, "each page is a showing"
    report = (await colleague.client.get(f"/clients/{client}/report")).json()
    assert [row["occasion"] for row in report["handled"]].count("referrals") == 2


async def test_others_clients_are_not_found_even_where_one_knows_who_they_are(platform: Platform) -> None:
    town = await small_town(platform)
    client = (await sent_referral(platform, town))["client"]["id"]
    referral = (await at_work(platform, town.desk).client.get("/referrals")).json()["contents"][0]
    await at_work(platform, town.desk).done("accept", await at_work(platform, town.desk).read(referral["id"]))
    for who in (town.desk, town.bystander, town.coordinator):
        for each in (client, str(uuid4()), "nonsense"):
            problem(await at_work(platform, who).client.get(f"/clients/{each}/referrals"), 404, "not-found")
    only_recipient = await town.facts.member("desk@navigaattori.example", town.navigaattori, "recipient")
    await platform.settle()
    problem(await at_work(platform, only_recipient).client.get(f"/clients/{client}/referrals"), 404, "not-found")
    assert await platform.scalar("referral", SHOWN, client=client) == 0


async def test_somebody_without_referrals_yet_and_a_wrong_page(platform: Platform) -> None:
    town = await small_town(platform)
    client = (await sent_referral(platform, town))["client"]["id"]
    adviser = at_work(platform, town.adviser)
    beyond = await adviser.client.get(
        f"/clients/{client}/referrals", params={"after": "0" * 8 + "-0000" * 3 + "-" + "0" * 12}
    )
    assert beyond.json() == {"contents": [], "next": None}
    for query in ("after=x", "limit=0", "limit=101", "box=sent"):
        problem(await adviser.client.get(f"/clients/{client}/referrals?{query}"), 422, "invalid")
