"""Seeding and migrations: the whole ecosystem comes in, nothing is overwritten, every row is told of."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from pydantic import ValidationError
from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from services.catalog.domain.texts import LANGUAGES
from services.catalog.schemas.seed_file import DATA, read_data
from services.catalog.tables import Base
from services.catalog.use_cases.administration import create_admin, make_admin
from services.catalog.use_cases.seed import seed, seed_into
from shared.database.connections import Database
from shared.database.migrations import upgrade
from shared.database.tables import Backbone
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform

SLUGS = {
    "kuopio",
    "navigaattori",
    "immigration-counsellors",
    "setlementti-puijola",
    "kompassi",
    "kansainvalinen-kohtaamo",
    "ita-suomen-elinvoimakeskus",
    "business-kuopio",
    "north-savo-talent-hub",
    "business-center-pohjois-savo",
    "digicenterns",
    "savonia",
    "uef",
    "kys",
    "luke",
    "fimea",
    "vtt",
    "ngos",
}
"""The organisations that the catalogue must hold."""


def test_the_data_file_holds_the_whole_ecosystem_in_three_languages() -> None:
    entries = {entry.slug: entry for entry in read_data()}
    assert entries.keys() >= SLUGS
    for entry in entries.values():
        for texts in (entry.name, entry.description, *(service.description for service in entry.services)):
            assert all(getattr(texts, language).strip() for language in LANGUAGES), entry.slug
        assert len(set(entry.description.model_dump().values())) == 3, entry.slug


def test_whoever_takes_referrals_has_a_desk_and_a_service_and_only_example_addresses() -> None:
    unusual = {"business-kuopio": "desk@businesskuopio.example", "north-savo-talent-hub": "desk@talenthub.example"}
    for entry in read_data():
        desks = [member.email for member in entry.members if "recipient" in member.roles]
        assert desks in ([], [unusual.get(entry.slug, f"desk@{entry.slug}.example")]), entry.slug
        assert not desks or entry.services, entry.slug
        assert all(member.email.endswith(".example") for member in entry.members)


def test_desks_read_different_languages() -> None:
    desks = {member.language for entry in read_data() for member in entry.members if "recipient" in member.roles}
    assert desks == set(LANGUAGES)


def test_a_data_file_with_an_unknown_target_group_is_refused(tmp_path: Path) -> None:
    changed = tmp_path / "kuopio.yaml"
    changed.write_text(DATA.read_text("utf-8").replace("target_groups: [", "target_groups: [astronauts, ", 1), "utf-8")
    with pytest.raises(ValueError, match="unknown target groups astronauts"):
        read_data(changed)


async def test_seeding_tells_of_every_row_and_does_it_once(platform: Platform) -> None:
    async with platform.databases["catalog"].transaction() as tx:
        report = await seed_into(tx)
    entries = read_data()
    assert report.organizations == len(entries)
    assert report.services == sum(len(entry.services) for entry in entries)
    assert report.members == sum(len(entry.members) for entry in entries)
    told = await platform.published("catalog")
    assert len(told) == report.organizations + report.services + report.members
    assert {event["sequence"] for event in told} == {1}
    async with platform.databases["catalog"].transaction() as tx:
        again = await seed_into(tx)
    assert (again.organizations, again.services, again.members) == (0, 0, 0)
    assert len(await platform.published("catalog")) == len(told)


async def test_seeding_for_real_use_brings_no_accounts(platform: Platform) -> None:
    async with platform.databases["catalog"].transaction() as tx:
        report = await seed_into(tx, with_members=False)
    assert report.members == 0
    assert await platform.scalar("catalog", "SELECT count(*) FROM members") == 0


async def test_seeding_overwrites_nothing_even_under_a_new_slug(platform: Platform) -> None:
    town = await kuopio(platform)
    renaming = {"slug": "navi", "name": {"fi": "Navi"}}
    assert (await town.change("PATCH", "/organizations/navigaattori", renaming)).status_code == 200
    assert (await town.change("PATCH", "/services/business-advice", {"status": "inactive"})).status_code == 200
    async with platform.databases["catalog"].transaction() as tx:
        report = await seed_into(tx)
    assert (report.organizations, report.services, report.members) == (0, 0, 0)
    assert (await town.read("/organizations/navi"))["name"] == "Navi"
    assert (await town.read("/services/business-advice"))["status"] == "inactive"


async def test_seeding_brings_back_what_is_missing(platform: Platform) -> None:
    town = await kuopio(platform)
    async with platform.databases["catalog"].transaction() as tx:
        await tx.execute(text("DELETE FROM service_at_locations"))
        await tx.execute(text("DELETE FROM services WHERE slug = 'business-advice'"))
        await tx.execute(text("DELETE FROM members WHERE email = 'desk@uef.example'"))
    async with platform.databases["catalog"].transaction() as tx:
        report = await seed_into(tx)
    assert (report.organizations, report.services, report.members) == (0, 1, 1)
    service = await town.read("/services/business-advice")
    assert [place["location"]["name"] for place in service["service_at_locations"]] == ["Kuopio"]
    assert "business-advice" in await town.slugs("/services", query="yritysneuvonta")


async def test_two_who_seed_at_once_insert_everything_once(platform: Platform) -> None:
    url = platform.servers.database_urls["catalog"]
    reports = await asyncio.gather(*(asyncio.to_thread(seed, url) for _ in range(2)))
    assert sorted(report.organizations for report in reports) == [0, len(read_data())]


async def test_the_other_services_learn_of_the_seeded_catalogue(platform: Platform) -> None:
    await kuopio(platform)
    await platform.settle()
    for table in ("organizations", "services", "members"):
        mine = await platform.scalar("catalog", f"SELECT count(*) FROM {table}")
        assert await platform.scalar("referral", f"SELECT count(*) FROM {table}") == mine, table


async def test_the_first_administrator_can_let_others_in(platform: Platform) -> None:
    url = platform.servers.database_urls["catalog"]
    assert await asyncio.to_thread(create_admin, url, "boss@luotsi.example", "luotsi")
    assert not await asyncio.to_thread(create_admin, url, "Boss@luotsi.example", "luotsi")
    town = await kuopio(platform)
    new = {"slug": "new", "name": "Uusi", "description": "Uusi"}
    assert (await town.client("boss@luotsi.example").post("/organizations", json=new)).status_code == 201
    assert [event["sequence"] for event in await platform.published("catalog")][:2] == [1, 1]


async def test_a_member_who_left_can_be_made_the_administrator(platform: Platform) -> None:
    town = await kuopio(platform)
    desk = town.people["desk@uef.example"]
    assert (await town.change("PATCH", f"/members/{desk.id}", {"active": False})).status_code == 200
    async with platform.databases["catalog"].transaction() as tx:
        assert await make_admin(tx, desk.email, "uef")
    state = await town.last_event("catalog.member_changed.v1")
    assert state["data"]["active"] is True
    assert state["data"]["roles"] == ["adviser", "recipient", "admin"]
    assert state["sequence"] == 3


@pytest.mark.parametrize(("email", "slug"), [("nobody", "luotsi"), ("a@b.example", "Not A Slug")])
async def test_an_administrator_needs_an_address_and_a_slug(platform: Platform, email: str, slug: str) -> None:
    async with platform.databases["catalog"].transaction() as tx:
        with pytest.raises(ValueError, match=r"address|slug") as wrong:
            await make_admin(tx, email, slug)
    assert not isinstance(wrong.value, ValidationError)
    assert await platform.scalar("catalog", "SELECT count(*) FROM organizations") == 0


async def test_migrations_make_the_tables_that_the_code_speaks_of(platform: Platform) -> None:
    """Alembic, comparing both, has nothing to add; and migrating again changes nothing."""
    database: Database = platform.databases["catalog"]
    await asyncio.to_thread(upgrade, "catalog", platform.servers.owner_urls["catalog"])

    def differences(connection: Connection) -> list[Any]:
        context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
        both: Any = [Base.metadata, Backbone.metadata]
        return list(compare_metadata(context, both))

    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


REFUSED = [
    ("organizations", "organization_type", "'club'"),
    ("services", "status", "'open'"),
    ("services", "capacity", "'full'"),
    ("services", "available", "-1"),
    ("members", "language", "'de'"),
    ("members", "roles", "ARRAY['owner']"),
    ("members", "deputy_id", "id"),
    ("locations", "location_type", "'moon'"),
]


async def test_the_database_refuses_what_the_rules_do_not_know(platform: Platform) -> None:
    await kuopio(platform)
    for table, column, value in REFUSED:
        with pytest.raises(IntegrityError, match=f"ck_{table}_"):
            await platform.scalar("catalog", f"UPDATE {table} SET {column} = {value} RETURNING 1")
