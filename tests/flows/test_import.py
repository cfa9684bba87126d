"""Organisations and members out of CSV files: all or nothing, with every fault told, and as often as one likes."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from sqlalchemy import text
from typer.testing import CliRunner

from luotsi import cli
from luotsi.platform.process import PlatformError
from tests.flows.operating import environment, luotsi
from tests.flows.test_invitations import mails
from tests.platform import Platform

ORGANIZATIONS = """slug,organization_type,name_fi,name_en,description_fi,parent,email,website
library-club,association,Kirjastokerho,Library club,"Lukee yhdessä,
myös lauantaisin",libraries,club@libraries.example,
libraries,municipal-service,Kirjastot,Libraries,Lainaa kirjoja,,desk@libraries.example,https://libraries.example
"""
MEMBERS = """email,organization,roles,language,deputy
a@libraries.example,libraries,"adviser, recipient",fi,b@libraries.example
b@libraries.example,libraries,adviser recipient,sv,
c@libraries.example,library-club,admin,,
"""


class Operator:
    """Somebody who imports files that lie in a folder."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform = platform
        self.folder = folder

    def write(self, name: str, content: str | bytes) -> str:
        """Write a file; returns its path."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    async def run(self, *arguments: str) -> str:
        """What the command prints; what it refuses is raised."""
        result = await asyncio.to_thread(luotsi, self.platform, *arguments)
        assert result.exit_code == 0, result.output
        return result.stdout

    async def refused(self, *arguments: str) -> str:
        """What the command says when it refuses, having changed nothing."""
        before = await self.state()
        with pytest.raises(PlatformError) as refusal:
            await self.run(*arguments)
        assert await self.state() == before, "all or nothing"
        return str(refusal.value).replace(f"{self.folder}/", "")

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """What the catalogue's database says."""
        async with self.platform.databases["catalog"].transaction() as tx:
            return [tuple(row) for row in await tx.execute(text(statement))]

    async def state(self) -> list[Any]:
        """All that an import may change, and the events of it."""
        return [
            await self.rows("SELECT slug, version, name, parent_organization_id FROM organizations ORDER BY slug"),
            await self.rows("SELECT email, version, roles, active, deputy_id FROM members ORDER BY email"),
            await self.rows("SELECT id FROM outbox ORDER BY id"),
        ]


@pytest_asyncio.fixture
async def operator(platform: Platform, tmp_path: Path) -> AsyncIterator[Operator]:
    """An operator on a platform with nothing in it."""
    yield Operator(platform, tmp_path)


async def both(operator: Operator) -> tuple[str, str]:
    """The two files, imported in the order in which the first needs the second."""
    files = operator.write("members.csv", MEMBERS), operator.write("organizations.csv", ORGANIZATIONS)
    await operator.run("import", *files)
    return files


async def test_an_organisation_and_its_members_come_in_one_run_and_are_invited(operator: Operator) -> None:
    await both(operator)
    organizations = await operator.rows(
        "SELECT o.slug, p.slug, o.description ->> 'fi' FROM organizations o "
        "LEFT JOIN organizations p ON p.id = o.parent_organization_id ORDER BY o.slug"
    )
    assert organizations == [
        ("libraries", None, "Lainaa kirjoja"),
        ("library-club", "libraries", "Lukee yhdessä,\nmyös lauantaisin"),
    ]
    members = await operator.rows(
        "SELECT m.email, m.roles, m.language, d.email FROM members m LEFT JOIN members d ON d.id = m.deputy_id "
        "ORDER BY m.email"
    )
    assert members == [
        ("a@libraries.example", ["adviser", "recipient"], "fi", "b@libraries.example"),
        ("b@libraries.example", ["adviser", "recipient"], "sv", None),
        ("c@libraries.example", ["admin"], "fi", None),
    ]
    sent = [str(mail["To"]) for mail in await mails(operator.platform)]
    assert sent == ["a@libraries.example", "b@libraries.example", "c@libraries.example"]


async def test_without_invitations_nobody_gets_a_mail(operator: Operator) -> None:
    files = operator.write("members.csv", MEMBERS), operator.write("organizations.csv", ORGANIZATIONS)
    await operator.run("import", "--no-invitations", *files)
    assert len(await operator.rows("SELECT id FROM members")) == 3
    assert await mails(operator.platform) == []


async def test_a_second_run_changes_nothing_and_says_so(operator: Operator) -> None:
    files = await both(operator)
    before = await operator.state()
    said = await operator.run("import", *files)
    assert "organisations: 0 entered, 0 changed, 2 as they were" in said
    assert "members: 0 entered, 0 changed, 3 as they were" in said
    assert await operator.state() == before


async def test_a_dry_run_shows_what_would_be_done_and_does_nothing(operator: Operator) -> None:
    await both(operator)
    changed = MEMBERS.replace(",sv,", ",en,").replace("c@lib", "d@lib")
    file = operator.write("later.csv", changed)
    before = await operator.state()
    said = (await operator.run("import", "--dry-run", file)).replace(f"{operator.folder}/", "")
    assert "later.csv line 3: b@libraries.example would be changed (language sv → en)" in said
    assert "later.csv line 4: d@libraries.example would be entered" in said
    assert "members: 1 would be entered, 1 would be changed, 1 as they were" in said
    assert "members: 1 in no file stay as they are" in said
    assert await operator.state() == before

    await operator.run("import", file)
    found = await operator.rows("SELECT email, language FROM members ORDER BY email")
    assert found == [
        ("a@libraries.example", "fi"),
        ("b@libraries.example", "en"),
        ("c@libraries.example", "fi"),
        ("d@libraries.example", "fi"),
    ]


async def test_every_fault_is_told_at_once_with_line_and_column(operator: Operator) -> None:
    organizations = operator.write("o.csv", ORGANIZATIONS + "wrong slug!,club,Kerho,,Kuvaus,librareis,nobody,\n")
    faulty = (
        "email;organization;roles;language;deputy\n"
        "A@libraries.example;libraries;adviser;fi;\n"
        '"a@libraries.example";libraries;recipient;fi;\n'
        "nobody;libraries;adviser;fi;\n"
        "d@libraries.example;librareis;adviser;fi;\n"
        "e@libraries.example;libraries;advisor;de;\n"
        "f@libraries.example;libraries;;fi;\n"
        "g@libraries.example;libraries;=1+1;fi;\n"
        "h@libraries.example;libraries;adviser;fi;;one more\n"
        "i@libraries.example;libraries;adviser;fi;a@library.example\n"
        ";libraries;adviser;fi;\n"
    )
    said = await operator.refused("import", operator.write("m.csv", faulty), organizations)
    for expected in (
        "m.csv line 3, email: but for the way it is written, this is in m.csv line 2 already",
        "m.csv line 4, email: is no e-mail address",
        "m.csv line 5, organization: there is no organisation librareis. Did you mean libraries",
        "m.csv line 6, roles: give one of",
        "m.csv line 6, language: give one of",
        "m.csv line 7, roles: choose at least one",
        "m.csv line 8, roles: begins like a formula (=)",
        "m.csv line 9: has 6 cells, and the first line 5",
        "m.csv line 10, deputy: libraries has no member a@library.example. Did you mean a@libraries.example",
        "m.csv line 11, email: is empty",
        "o.csv line 5, parent: there is no organisation librareis. Did you mean libraries",
    ):
        assert expected in said, said


async def test_what_the_commands_refuse_is_told_by_line_too(operator: Operator) -> None:
    circle = (
        "email,organization,roles,deputy\na@x.example,one,adviser,b@x.example\nb@x.example,one,adviser,a@x.example\n"
    )
    one = (
        "slug,name_fi,description_fi,parent\none,Yksi,Kuvaus,\ntwo,Kaksi,Kuvaus,three\n"
        "three,Kolme,Kuvaus,two\nBad slug,Neljä,Kuvaus,\nfive,Viisi,Kuvaus,five\n"
    )
    said = await operator.refused("import", operator.write("m.csv", circle), operator.write("o.csv", one))
    assert "m.csv line 3, deputy: The deputies would stand in for each other in a circle." in said
    assert "o.csv line 3, parent: the organisations above each other go round in a circle" in said
    assert "o.csv line 5, slug: A slug has small letters" in said
    assert "o.csv line 6, parent: an organisation does not stand above itself" in said


async def test_files_as_finnish_spreadsheets_write_them(operator: Operator) -> None:
    organizations = ORGANIZATIONS.replace("Lukee yhdessä,\nmyös", "Lukee yhdessä; myös").replace('"', "").split("\n")
    semicolons = "\r\n".join(line.replace(",", ";").replace("yhdessä;", "yhdessä,") for line in organizations)
    await operator.run("import", operator.write("o.csv", b"\xef\xbb\xbfsep=;\r\n" + semicolons.encode()))
    assert await operator.rows("SELECT count(*) FROM organizations") == [(2,)]


async def test_what_spreadsheets_do_to_edges_and_capitals_does_no_harm(operator: Operator) -> None:
    await operator.run("import", operator.write("o.csv", ORGANIZATIONS.replace("\n", "\r\n")))
    edges = (
        "sep=\t\r\n\ufeffEmail;ORGANIZATION;Language;roles;;\r\n;;;;;\r\n"
        "A@libraries.example;\u200bLibraries;FI;Adviser;;\r\nb@libraries.example;libraries\r\n"
    )
    said = await operator.refused("import", operator.write("m.csv", edges))
    assert said.splitlines()[1:] == ["  m.csv line 5, roles: choose at least one"]

    file = operator.write(
        "m.csv", edges.replace("b@libraries.example;libraries", "b@libraries.example;libraries;sv;adviser")
    )
    await operator.run("import", file)
    before = await operator.state()
    assert "members: 0 entered, 0 changed, 2 as they were" in await operator.run("import", file)
    said = await operator.run("import", operator.write("o.csv", ORGANIZATIONS.replace("\n", "\r\n")))
    assert "organisations: 0 entered, 0 changed, 2 as they were" in said
    assert await operator.state() == before


async def test_a_file_without_lines_says_so(operator: Operator) -> None:
    said = await operator.run("import", operator.write("m.csv", "email,organization,roles\n"))
    assert "members: 0 entered, 0 changed, 0 as they were" in said


async def test_one_organisation_by_two_of_its_slugs_is_there_twice(operator: Operator) -> None:
    await both(operator)
    async with operator.platform.databases["catalog"].transaction() as tx:
        await tx.execute(
            text(
                "INSERT INTO organization_aliases (id, organization_id, slug, name, valid_until) "
                "SELECT gen_random_uuid(), id, 'reading-rooms', '{}', current_date "
                "FROM organizations WHERE slug = 'libraries'"
            )
        )
    twice = "email,organization,language\na@libraries.example,libraries,sv\na@libraries.example,reading-rooms,en\n"
    assert "m.csv line 3, email: but for the way it is written, this is in m.csv line 2" in await operator.refused(
        "import", operator.write("m.csv", twice)
    )
    twice = "slug,name_en\nlibraries,One\nreading-rooms,Two\n"
    assert "o.csv line 3, slug: but for the way it is written, this is in o.csv line 2" in await operator.refused(
        "import", operator.write("o.csv", twice)
    )


async def test_deputies_change_in_whichever_order_they_stand(operator: Operator) -> None:
    await both(operator)  # b stands in for a
    file = "email,organization,roles,deputy\nb@libraries.example,libraries,,a@libraries.example\n"
    await operator.refused("import", operator.write("m.csv", file))
    file += "a@libraries.example,libraries,,d@libraries.example\nd@libraries.example,libraries,adviser recipient,\n"
    said = await operator.run("import", operator.write("m.csv", file))
    assert "b@libraries.example is changed (deputy none → a@libraries.example)" in said
    assert "a@libraries.example is changed (deputy b@libraries.example → d@libraries.example)" in said


async def test_of_very_many_faults_the_first_are_told_and_their_number(operator: Operator) -> None:
    await both(operator)
    many = "".join(f"m{number}@libraries.example,librareis,adviser\n" for number in range(3_000))
    said = await operator.refused("import", operator.write("m.csv", "email,organization,roles\n" + many))
    assert "3000 things are wrong" in said
    assert "… and 2900 more" in said
    assert said.count("Did you mean libraries") == 100


async def test_the_members_that_there_are_come_out_as_a_file_that_changes_nothing(operator: Operator) -> None:
    await both(operator)
    await operator.run("member", "deactivate", "c@libraries.example")
    listed = await operator.run("member", "list", "--csv")
    assert listed.splitlines() == [
        "email,organization,roles,language,deputy",
        "a@libraries.example,libraries,adviser recipient,fi,b@libraries.example",
        "b@libraries.example,libraries,adviser recipient,sv,",
    ]
    assert "0 changed, 2 as they were" in await operator.run("import", operator.write("again.csv", listed))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"email,organization\n" + "ä@x.example".encode("latin-1"), "line 2 is not UTF-8"),
        (b'email,organization,roles\na@x.example,"one,adviser\n', "line 2 cannot be read"),
        (b"email,organisation,roles\n", "organisation is no column of members. Did you mean organization"),
        (b"", "is empty: the first line names the columns"),
        (b"a@x.example,one,adviser\n", "line 1 names neither slug"),
        (b"email,organization\na@x.example,\x1b[2Jone\n", "line 2 holds a character that is no text (U+001B)"),
        (b"email,organization,roles,roles\n", "roles is there twice"),
        (b"x" * 20_000_001, "is larger than 20 MB"),
        (b"email,organization\n" + b"a@x.example,one\n" * 50_001, "has more than 50000 lines"),
    ],
    ids=["latin-1", "open quote", "unknown column", "empty", "no header", "terminal", "column twice", "large", "long"],
)
async def test_what_is_no_such_file_is_refused_with_what_to_do(operator: Operator, content: bytes, said: str) -> None:
    assert said in await operator.refused("import", operator.write("m.csv", content))


async def test_the_last_administrator_stays_and_may_be_followed_in_one_file(operator: Operator) -> None:
    await operator.run("admin", "create", "first@luotsi.example")
    less = "email,organization,roles\nFirst@luotsi.example,luotsi,adviser\n"
    assert "line 2: The platform needs an administrator" in await operator.refused(
        "import", operator.write("m.csv", less)
    )
    await operator.run("import", operator.write("m.csv", less + "second@luotsi.example,luotsi,admin\n"))
    found = await operator.rows("SELECT email, roles FROM members ORDER BY email")
    assert found == [("first@luotsi.example", ["adviser"]), ("second@luotsi.example", ["admin"])]

    back = "second@luotsi.example,luotsi,adviser\nfirst@luotsi.example,luotsi,admin\n"
    await operator.run("import", operator.write("m.csv", "email,organization,roles\n" + back))
    found = await operator.rows("SELECT email, roles FROM members ORDER BY email")
    assert found == [("first@luotsi.example", ["admin"]), ("second@luotsi.example", ["adviser"])]


async def test_who_is_deactivated_stays_so_and_is_named(operator: Operator) -> None:
    members, organizations = await both(operator)
    await operator.run("member", "deactivate", "C@libraries.example")
    said = await operator.run("import", members, organizations)
    assert "c@libraries.example is deactivated and stays so" in said
    assert await operator.rows("SELECT active FROM members WHERE email LIKE 'c@%'") == [(False,)]


async def test_a_database_that_is_away_is_said(operator: Operator) -> None:
    away = {"CATALOG_DATABASE_URL": "postgresql://catalog:none@127.0.0.1:1/catalog"}
    for arguments in (["import", operator.write("m.csv", MEMBERS)], ["member", "list"]):
        with pytest.raises(PlatformError, match="the catalogue's database does not answer"):
            await asyncio.to_thread(luotsi, operator.platform, *arguments, **away)


async def test_a_file_comes_from_standard_input(operator: Operator) -> None:
    def run() -> str:
        arguments = ["import", "-", "--data", str(operator.folder)]
        result = CliRunner().invoke(cli.app, arguments, env=environment(operator.platform), input=ORGANIZATIONS)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "standard input line 2: library-club is entered" in await asyncio.to_thread(run)


async def test_members_are_looked_after_one_by_one(operator: Operator) -> None:
    await both(operator)
    await operator.run("member", "invite", "new@libraries.example", "--org", "libraries", "--role", "adviser")
    assert "new@libraries.example" in [str(mail["To"]) for mail in await mails(operator.platform)]
    await operator.run(
        "member",
        "change",
        "New@libraries.example",
        "--role",
        "Admin",
        "--org",
        "Libraries",
        "--deputy",
        "b@libraries.example",
    )
    shown = await operator.run("member", "show", "new@libraries.example")
    assert "roles admin, language fi" in shown
    assert "deputy b@libraries.example" in shown
    await operator.run("member", "change", "new@libraries.example", "--deputy", "")
    assert "deputy nobody" in await operator.run("member", "show", "new@libraries.example")
    await operator.run("member", "deactivate", "new@libraries.example")
    assert "(deactivated)" in await operator.run("member", "show", "new@libraries.example")
    await operator.run("member", "activate", "new@libraries.example")
    listed = await operator.run("member", "list", "--org", "libraries")
    assert "new@libraries.example" in listed
    assert "c@libraries.example" not in listed


async def test_what_is_wrong_with_one_member_is_said(operator: Operator) -> None:
    await operator.run("admin", "create", "first@luotsi.example")
    await both(operator)
    for arguments, said in (
        (["deactivate", "first@luotsi.example"], "The platform needs an administrator"),
        (["show", "a@library.example"], "Did you mean a@libraries.example"),
        (["invite", "x@x.example", "--org", "librareis", "--role", "adviser"], "Did you mean libraries"),
        (["invite", "x@x.example", "--org", "libraries"], "roles: choose at least one"),
        (["change", "a@libraries.example", "--role", "adviser,boss"], "roles: give one of"),
        (
            ["invite", "A@libraries.example", "--org", "libraries", "--role", "adviser"],
            "has a member with this address",
        ),
        (["change", "a@libraries.example"], "nothing to change is named"),
    ):
        assert said in await operator.refused("member", *arguments)


PEAK = """
import re, sys
from luotsi.cli import app
app(sys.argv[1:], standalone_mode=False)
print(re.search(r"VmHWM:\\s+([0-9]+)", open("/proc/self/status").read())[1])
"""


def run_apart(operator: Operator, *arguments: str) -> int:
    """Run the command as a process of its own; returns the most memory it had, in megabytes."""
    command = [sys.executable, "-c", PEAK, *arguments, "--data", str(operator.folder)]
    known = {**os.environ, **environment(operator.platform)}
    done = subprocess.run(command, env=known, capture_output=True, text=True, check=True)
    return int(done.stdout.split()[-1]) // 1024


async def test_five_thousand_lines_take_little_more_memory_than_a_few(operator: Operator) -> None:
    few = await asyncio.to_thread(run_apart, operator, "import", operator.write("o.csv", ORGANIZATIONS))
    many = "".join(f"m{number}@libraries.example,libraries,adviser\n" for number in range(5_000))
    file = operator.write("many.csv", "email,organization,roles\n" + many)
    much = await asyncio.to_thread(run_apart, operator, "import", "--no-invitations", file)
    assert await operator.rows("SELECT count(*) FROM members") == [(5_000,)]
    assert much < few + 50
