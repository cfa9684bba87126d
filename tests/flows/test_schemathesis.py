"""The OpenAPI documents tried by an outside tool: schemathesis, with the token of each single role, and all checks."""

import asyncio
import json
import os
import re
import sys
from pathlib import Path
from uuid import UUID

import pytest

from shared.events.catalog import Role
from tests.builders import Someone, small_town
from tests.docs_reader import ROOT
from tests.flows.catalog_kuopio import kuopio
from tests.platform import Platform
from tests.web_server import served

EXAMPLES = 1
ROLES: tuple[Role, ...] = ("adviser", "recipient", "coordinator", "admin")
WIDEST = {"catalog": None, "referral": "adviser", "notifications": "adviser"}
"""The role that may do most in a service: with it the boundaries of every schema are tried as well.

None in the catalogue, whose services are so large that their boundaries take many minutes.
"""
PHASES = {True: "coverage", False: "fuzzing"}


async def people(platform: Platform, service: str) -> dict[Role, Someone]:
    """A member for each role, with that role alone, whom the service knows."""
    if service == "catalog":
        seeded = await kuopio(platform)
        found: dict[Role, Someone] = {}
        for role in ROLES:
            new = {"email": f"only-{role}@luotsi.example", "roles": [role]}
            made = (await seeded.admin.post("/members", json=new)).json()
            found[role] = Someone(UUID(made["id"]), UUID(made["organization_id"]), made["email"], (role,))
        return found
    town = await small_town(platform)
    admin = await town.facts.member("admin@kuopio.example", town.city, "admin")
    await platform.settle()
    return dict(zip(ROLES, (town.adviser, town.desk, town.coordinator, admin), strict=True))


async def tried(address: str, document: Path, token: str, phases: str) -> tuple[int | None, str]:
    """The exit code of schemathesis, and what it says."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(ROOT / "tests" / "schemathesis.toml")),
        *("--no-color", "run", str(document), "--url", address, "--checks", "all", "--phases", phases),
        *("--max-examples", str(EXAMPLES), "--header", f"Authorization: Bearer {token}", "--warnings", "off"),
        *("--exclude-operation-id", "streamNotices", "--suppress-health-check", "all", "--continue-on-failure"),
        cwd=document.parent,  # where it leaves what it remembers
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.schemathesis_hooks", "PYTHONPATH": str(ROOT)},
    )
    said = (await process.communicate())[0].decode()
    return process.returncode, said.replace(token, "…")


@pytest.mark.parametrize("service", list(WIDEST))
async def test_every_answer_to_whatever_is_tried_fits_the_document(
    platform: Platform, service: str, tmp_path: Path
) -> None:
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(platform.apps[service].openapi()))
    async with served(platform.apps[service]) as address:
        for role, who in (await people(platform, service)).items():
            token = platform.tokens.sign(who)
            code, said = await tried(address, document, token, PHASES[role == WIDEST[service]])
            assert code == 0, f"as {role}:\n{said}"
            assert re.search(r"[1-9]\d* generated", said), said
