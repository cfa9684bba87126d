"""Members as the catalogue knows them, and access tokens that speak for one."""

from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import asyncpg

from luotsi.platform.process import PlatformError
from shared.database.addresses import connect
from shared.values.email_addresses import same_address
from shared.web import token_signing

_MEMBERS = """
SELECT m.id, m.email, m.organization_id, o.slug AS organization, m.roles, m.active AND o.active AS active
  FROM members m JOIN organizations o ON o.id = m.organization_id
"""


@dataclass(frozen=True)
class Member:
    """One membership of a person in an organisation (its slug). `active`: neither of the two was deactivated."""

    id: UUID
    email: str
    organization_id: UUID
    organization: str
    roles: list[str]
    active: bool


async def fetch_members(database_url: str, condition: str, *arguments: object) -> list[Member]:
    """The members for which an SQL condition holds. PlatformError when the database does not answer."""
    try:
        connection = await connect(database_url, timeout=5)
        try:
            rows = await connection.fetch(f"{_MEMBERS} WHERE {condition} ORDER BY m.email, o.slug", *arguments)
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise PlatformError(f"the catalogue's database does not answer: {error}") from error
    return [Member(**row) for row in rows]


async def choose_member(database_url: str, email: str, organization: str | None) -> Member:
    """The active member with that address. Raises PlatformError when there is none, or a choice to make."""
    found = await fetch_members(database_url, "lower(m.email) = $1", same_address(email))
    wanted = [member for member in found if organization in (None, member.organization)]
    active = [member for member in wanted if member.active]
    if len(active) == 1:
        return active[0]
    if active:
        slugs = ", ".join(member.organization for member in active)
        raise PlatformError(f"{email} is a member of {slugs}: choose one with --org")
    if wanted:
        raise PlatformError(f"{email} is deactivated in {', '.join(m.organization for m in wanted)}")
    if found:
        slugs = ", ".join(member.organization for member in found)
        raise PlatformError(f"{email} is no member of {organization}, but of {slugs}")
    raise PlatformError(f"no member has the address {email}")


def sign_token(signing_key: Path, issuer: str, member: Member) -> str:
    """An access token that speaks for the member for 15 minutes. PlatformError when the key's file cannot be read."""
    try:
        key = token_signing.read_signing_key(signing_key)
    except token_signing.SigningKeyError as error:
        raise PlatformError(str(error)) from error
    return token_signing.sign_token(key, issuer, "luotsi-cli", member.id, member.organization_id, member.roles)
