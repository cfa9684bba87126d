"""The identity provider of an organisation: set, tested, taken into use, and out of it again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col

from services.portal.clients.provider_http import ProviderFault, Registration
from services.portal.tables import LinkedIdentity, Provider
from services.portal.use_cases.sealed import PROVIDER_SECRET
from services.portal.vault import AccountVault, Unreadable
from shared.database.reader import Reader
from shared.database.transaction import Transaction


@dataclass(frozen=True)
class ProviderSettings:
    """What an administrator typed. Without a secret the one that is there stays."""

    issuer: str
    client_id: str
    client_secret: str | None
    vouches: bool


async def set_provider(
    tx: Transaction,
    vault: AccountVault,
    organization_id: UUID,
    typed: ProviderSettings,
    version: int,
    by: UUID,
    now: datetime,
) -> Provider | None:
    """Set the provider of an organisation; None where it was changed since `version`, which is 0 where there was none.

    What is set already, by the same form sent twice, is left as it is.
    With another issuer or registration it has to be tested anew before anybody signs in with it.
    """
    known = await tx.get(Provider, organization_id, lock=True)
    if (known.version if known else 0) != version:
        return known if known is not None and _is_set(vault, known, typed) else None
    if known is None:
        known = Provider(
            organization_id=organization_id,
            issuer=typed.issuer,
            client_id=typed.client_id,
            changed_at=now,
            changed_by=by,
        )
        _fill(vault, known, typed)
        return known if await tx.insert_if_new(known) else None
    if (known.issuer, known.client_id) != (typed.issuer, typed.client_id):
        known.tested_at = known.last_test = None
        known.in_use = False
    _fill(vault, known, typed)
    known.version, known.changed_at, known.changed_by = known.version + 1, now, by
    tx.update(known)
    return known


def _is_set(vault: AccountVault, provider: Provider, typed: ProviderSettings) -> bool:
    if (provider.issuer, provider.client_id, provider.vouches) != (typed.issuer, typed.client_id, typed.vouches):
        return False
    try:
        return typed.client_secret in (None, _secret(vault, provider))
    except Unreadable:
        return False


def _secret(vault: AccountVault, provider: Provider) -> str | None:
    """The client secret. Raises Unreadable where no key opens it any more."""
    sealed = provider.sealed_secret
    return None if sealed is None else str(vault.open(sealed, PROVIDER_SECRET.place(provider.organization_id)))


def _fill(vault: AccountVault, provider: Provider, typed: ProviderSettings) -> None:
    if typed.client_secret is not None or provider.issuer != typed.issuer or provider.client_id != typed.client_id:
        secret = typed.client_secret
        provider.sealed_secret = (
            None if secret is None else vault.seal(secret, PROVIDER_SECRET.place(provider.organization_id))
        )
    provider.issuer, provider.client_id, provider.vouches = typed.issuer, typed.client_id, typed.vouches


def registration_of(vault: AccountVault, provider: Provider, redirect_uri: str, *, loopback: bool) -> Registration:
    """How the portal is registered with the provider. Raises ProviderFault where no key opens its secret any more."""
    try:
        secret = _secret(vault, provider)
    except Unreadable:
        raise ProviderFault("secret_unreadable") from None
    return Registration(provider.issuer, provider.client_id, secret, redirect_uri, loopback)


async def provider_in_use(reader: Reader, organization_id: UUID) -> Provider | None:
    """The provider that the members of an organisation sign in with; None where they sign in here."""
    provider = await reader.get(Provider, organization_id)
    return provider if provider is not None and provider.in_use else None


async def note_test(
    tx: Transaction, organization_id: UUID, version: int, result: dict[str, Any], now: datetime
) -> Provider | None:
    """Write down what came of a test; None where the provider was changed since."""
    provider = await tx.get(Provider, organization_id, lock=True)
    if provider is None or provider.version != version:
        return None
    provider.last_test = {**result, "at": now.isoformat()}
    if result["ok"]:
        provider.tested_at = now
    tx.update(provider)
    return provider


async def take_into_use(tx: Transaction, organization_id: UUID, *, use: bool) -> bool:
    """Take a provider that was tested into use, or any out of it. Returns whether that could be done."""
    provider = await tx.get(Provider, organization_id, lock=True)
    if provider is None or (use and provider.tested_at is None):
        return False
    if provider.in_use is not use:
        provider.in_use = use
        provider.version += 1
        tx.update(provider)
    return True


async def remove_provider(tx: Transaction, organization_id: UUID) -> None:
    """Forget an organisation's provider, and who its members are to it."""
    await tx.execute(delete(Provider).where(col(Provider.organization_id) == organization_id))
    await tx.execute(delete(LinkedIdentity).where(col(LinkedIdentity.organization_id) == organization_id))
