"""Identity providers: which organisations have one, and which one an organisation has."""

from sqlmodel import col, select

from services.portal.queries.accounts import Account
from services.portal.tables import Organization, Provider
from shared.actors import PLATFORM_SLUG
from shared.database.reader import Reader

_WITH_PROVIDER = (
    select(Organization)
    .join(Provider, col(Provider.organization_id) == col(Organization.id))
    .where(col(Provider.in_use), col(Organization.active))
    .order_by(Organization.slug)
)


async def organizations_with_provider(reader: Reader) -> list[Organization]:
    """The active organisations whose members sign in with a provider of their own."""
    return await reader.all(_WITH_PROVIDER)


async def organization_with_provider(reader: Reader, slug: str) -> Organization | None:
    """One of them, by its slug."""
    return await reader.first(_WITH_PROVIDER.where(Organization.slug == slug))


async def signs_in_by_provider(reader: Reader, account: Account) -> bool:
    """Whether an account is opened by its organisation's provider alone."""
    provider = await reader.get(Provider, account.organization_id)
    return provider is not None and provider.in_use and account.organization_slug != PLATFORM_SLUG
