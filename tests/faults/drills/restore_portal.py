"""Restore of the portal's database: whoever was signed in is not, and what people sign in with is as it was."""

import asyncio
import random
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import httpx2

from services.portal.tables import Base, Passkey, Person, Provider
from shared.database.connections import Database
from shared.database.epochs import EPOCH
from shared.ids import new_id
from tests.faults.checks.expectations import Finding
from tests.faults.drills.operator import Operator
from tests.faults.drills.restore import lost_after_a_backup, put_back
from tests.faults.lab import PATIENCE, Lab

SERVICE: Final = "portal"
_SOMEBODY: Final = "SELECT id, organization_id FROM members WHERE active ORDER BY id LIMIT 1"
_FOR_MEMBERS: Final = "/account/organization"
_COPIES: Final = {
    "members": ("SELECT id, version FROM members", "SELECT id, sequence FROM members"),
    "organizations": ("SELECT id, version FROM organizations", "SELECT id, sequence FROM organizations"),
}
"""What the catalogue holds, and what the portal has copied of it."""


async def restore_portal(lab: Lab, lot: random.Random) -> None:
    """Somebody signs in before the backup and somebody after it; passkeys come and go, a provider is changed."""
    operator = Operator(lab)
    [row] = await lab.query(SERVICE, _SOMEBODY)
    person = Person(address="rig@luotsi.example", user_handle=b"rig", created_at=datetime.now(UTC))
    kept, taken_away, added = (_passkey(person, name) for name in ("kept", "taken away since", "added since"))
    provider = _provider(row["organization_id"])
    await _insert(lab, person, kept, taken_away, provider)
    epoch = await _epoch(lab)
    early, late = _Browser(lab), _Browser(lab)

    async def meanwhile() -> None:
        await lab.query(SERVICE, "DELETE FROM passkeys WHERE id = $1", taken_away.id)
        await lab.query(SERVICE, "UPDATE providers SET version = 2, vouches = true")
        await _insert(lab, added)
        await late.sign_in(row["id"])

    await early.sign_in(row["id"])
    async with lost_after_a_backup(lab, operator, SERVICE, meanwhile):
        sources = {table: dict(await lab.query("catalog", source)) for table, (source, _) in _COPIES.items()}
        await put_back(operator, SERVICE)
        await _judge_ways_in(lab, {kept.name, taken_away.name}, provider)
        await _judge_copies(lab, sources)
        if await _epoch(lab) <= epoch:
            lab.found.append(Finding("wrong", "the epoch of the portal's database was not raised"))
    for browser, when in ((early, "before the backup"), (late, "after the backup")):
        if await browser.is_signed_in():
            lab.found.append(Finding("wrong", f"who signed in to the portal {when} is signed in after the restore"))
        await browser.close()


async def _epoch(lab: Lab) -> int:
    [row] = await lab.query(SERVICE, EPOCH)
    return row[0] or 1


async def _judge_ways_in(lab: Lab, names: set[str], provider: Provider) -> None:
    """What people sign in with is that of the backup: no more, and no less."""
    found = {row["name"] for row in await lab.query(SERVICE, "SELECT name FROM passkeys")}
    if found != names:
        lab.found.append(Finding("lost", f"the passkeys are {sorted(found)} after the restore, not {sorted(names)}"))
    [row] = await lab.query(SERVICE, "SELECT version, vouches FROM providers")
    if (row["version"], row["vouches"]) != (provider.version, provider.vouches):
        lab.found.append(Finding("wrong", f"the provider is {dict(row)} after the restore, not that of the backup"))


async def _judge_copies(lab: Lab, sources: Mapping[str, Mapping[UUID, int]]) -> None:
    """Who joined or left since the backup is known before anybody can sign in."""
    for table, (_, copy) in _COPIES.items():
        kept = dict(await lab.query(SERVICE, copy))
        for one, version in sources[table].items():
            if kept.get(one, 0) < version:
                what = f"the portal knows {table} {one} as of {kept.get(one)}, not {version}, after the restore"
                lab.found.append(Finding("lost", what))


class _Browser:
    """A browser in which somebody may be signed in, in the way that is there for trying things."""

    def __init__(self, lab: Lab) -> None:
        headers = {"Origin": lab.target.issuer, "Sec-Fetch-Site": "same-origin"}
        self._http = httpx2.AsyncClient(base_url=lab.urls[SERVICE], headers=headers, timeout=60, trust_env=False)

    async def sign_in(self, member: UUID) -> None:
        """Sign in, and see that it worked. Raises RuntimeError where it did not."""
        answer = await self._http.post("/sign-in/account", data={"member_id": str(member)})
        if not await self.is_signed_in():
            raise RuntimeError(f"nobody could sign in to the portal: {answer.status_code} {answer.text[:200]}")

    async def is_signed_in(self) -> bool:
        """Whether a page for members is shown. Waits for a portal that is about to start; raises TimeoutError."""
        deadline = time.monotonic() + PATIENCE
        while True:
            with suppress(httpx2.HTTPError):
                answer = await self._http.get(_FOR_MEMBERS)
                if answer.status_code < 500:
                    return bool(answer.status_code == 200)
            if time.monotonic() > deadline:
                raise TimeoutError("the portal does not answer")
            await asyncio.sleep(0.3)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()


async def _insert(lab: Lab, *rows: Base) -> None:
    database = Database(lab.target.database_url(SERVICE), pool_size=1)
    try:
        async with database.transaction() as tx:
            for row in rows:
                tx.insert(row)
    finally:
        await database.close()


def _passkey(person: Person, name: str) -> Passkey:
    return Passkey(
        person_id=person.id,
        credential_id=name.encode(),
        public_key=b"a key",
        sign_count=0,
        name=name,
        backed_up=False,
        transports=[],
        created_at=datetime.now(UTC),
    )


def _provider(organization_id: UUID) -> Provider:
    """One that was written down and is not in use yet, so that members sign in as before."""
    return Provider(
        organization_id=organization_id,
        issuer="https://provider.example",
        client_id="luotsi",
        changed_at=datetime.now(UTC),
        changed_by=new_id(),
    )
