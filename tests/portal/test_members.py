"""The portal knows who may sign in out of the catalogue's events."""

from shared.actors import Membership
from shared.consuming.catalog_copy import find_member
from tests.builders import CatalogueFacts
from tests.platform import Platform


async def test_it_copies_members_and_their_organisations(platform: Platform) -> None:
    facts = CatalogueFacts(platform)
    navigaattori = await facts.organization("navigaattori")
    adviser = await facts.member("adviser@navigaattori.example", navigaattori, "adviser")
    await platform.settle()
    async with platform.databases["portal"].transaction() as tx:
        found = await find_member(tx, adviser.id)
    assert found == Membership(navigaattori, frozenset({"adviser"}), True)
