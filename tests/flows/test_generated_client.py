"""A client generated from the OpenAPI documents by an outside tool, which plays a referral against a real server."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from shared.clock import day_in_kuopio, utc_now
from tests.builders import small_town
from tests.docs_reader import ROOT
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform
from tests.web_server import served

PROGRAMS = ROOT / ".venv-client" / "bin"
PLAY = ROOT / "tests" / "generated_client_play.py"


async def run(*command: str, said: str = "") -> str:
    """What a program prints, which has to end well."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, stderr=asyncio.subprocess.STDOUT)
    printed = (await process.communicate(said.encode()))[0].decode()
    assert process.returncode == 0, printed
    return printed


async def generated(document: dict[str, Any], folder: Path) -> Path:
    """The folder with a client made of a document, as the package `luotsi_client`; nothing in it was passed over."""
    assert PROGRAMS.exists(), "the generator has an environment of its own: make .venv-client/.ready"
    (folder / "openapi.json").write_text(json.dumps(document))
    (folder / "config.yml").write_text("post_hooks: []\n")
    printed = await run(
        *(str(PROGRAMS / "openapi-python-client"), "generate", "--path", str(folder / "openapi.json")),
        *("--meta", "none", "--output-path", str(folder / "luotsi_client"), "--config", str(folder / "config.yml")),
    )
    assert "WARNING" not in printed.upper(), printed
    return folder


def made_in(folder: Path) -> set[str]:
    """The operations that the client in a folder has, in small letters without underscores."""
    return {path.stem.replace("_", "") for path in folder.glob("luotsi_client/api/*/*.py")}


@pytest.mark.parametrize("service", ["catalog", "notifications"])
async def test_a_client_is_made_of_the_whole_document(platform: Platform, service: str, tmp_path: Path) -> None:
    document = platform.apps[service].openapi()
    await generated(document, tmp_path)
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert {operation["operationId"].lower() for operation in operations} <= made_in(tmp_path)


async def test_a_generated_client_plays_a_referral(platform: Platform, tmp_path: Path) -> None:
    town = await small_town(platform)
    await generated(platform.apps["referral"].openapi(), tmp_path)
    async with served(platform.apps["referral"]) as address:
        told = {
            "address": address,
            "adviser": platform.tokens.sign(town.adviser),
            "desk": platform.tokens.sign(town.desk),
            "service_id": str(town.advice),
            "today": day_in_kuopio(utc_now()).isoformat(),
        }
        printed = await run(str(PROGRAMS / "python"), "-P", str(PLAY), str(tmp_path), said=json.dumps(told))
    events = [each.removeprefix("referral.").removesuffix(".v1") for each in json.loads(printed)]
    assert [each for each in events if each in ("sent", "accepted", "started", "completed", "closed")] == [
        "sent",
        "accepted",
        "started",
        "completed",
        "closed",
    ]


async def test_a_generated_client_reads_the_catalogue(platform: Platform, tmp_path: Path) -> None:
    await kuopio(platform)
    await generated(platform.apps["catalog"].openapi(), tmp_path)
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from luotsi_client import Client\n"
        "from luotsi_client.api.services import list_services, get_service\n"
        "from luotsi_client.api.organisations import list_organizations\n"
        "client = Client(base_url=sys.argv[2], raise_on_unexpected_status=True)\n"
        "page = list_services.sync(client=client, size=100)\n"
        "for each in page.contents: assert get_service.sync(each.slug, client=client).id == each.id\n"
        "print(len(page.contents), len(list_organizations.sync(client=client, size=100).contents))\n"
    )
    async with served(platform.apps["catalog"]) as address:
        printed = await run(str(PROGRAMS / "python"), "-c", program, str(tmp_path), address)
    services, organizations = (int(each) for each in printed.split())
    assert min(services, organizations) > 10
