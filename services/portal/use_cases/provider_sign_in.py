"""Signing in with the provider of an organisation: who somebody is to it, and which member that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col, select

from services.portal.clients.provider_http import ProviderFault
from services.portal.domain.identities import Identity, UnfitIdentity, identity_of
from services.portal.domain.two_factors import asserts_two_factors
from services.portal.queries.accounts import Account, find_account
from services.portal.queries.ways_in import member_to_link
from services.portal.tables import LinkedIdentity, Provider
from shared.database.transaction import Transaction


@dataclass(frozen=True)
class Arrived:
    """The member who came back from a provider; None where it is nobody's identity yet, or one of who lost access.

    `known` says that it was linked to a member.
    """

    account: Account | None
    known: bool


def checked_identity(provider: Provider, claims: Mapping[str, Any]) -> Identity:
    """Who the claims of a verified ID token speak of. Raises ProviderFault, also for one factor where two are due."""
    try:
        identity = identity_of(provider.issuer, claims)
    except UnfitIdentity as unfit:
        raise ProviderFault(unfit.reason) from None
    if not provider.vouches and not asserts_two_factors(claims):
        raise ProviderFault("one_factor")
    return identity


async def arrived(tx: Transaction, provider: Provider, identity: Identity) -> Arrived:
    """Which member of its organisation somebody is to a provider."""
    link = await tx.get(LinkedIdentity, provider.organization_id, identity.issuer, identity.subject)
    account = None if link is None else await find_account(tx, link.member_id)
    if account is not None and account.organization_id != provider.organization_id:
        account = None
    return Arrived(account, link is not None)


async def link_by_mail(
    tx: Transaction, linking: Mapping[str, Any], address: str, now: datetime
) -> Account | Literal["none", "taken"]:
    """Link an identity to the member of an address, when the mail to that was answered.

    A member who is linked to the provider is not linked to another identity of it by a mail: an administrator has to
    take the first one away.
    """
    organization_id = UUID(linking["organization_id"])
    account = await member_to_link(tx, address, organization_id)
    if account is None:
        return "none"
    provider = await tx.get(Provider, organization_id, lock=True)
    if provider is None or not provider.in_use or provider.issuer != linking["issuer"]:
        return "none"
    link = LinkedIdentity(
        organization_id=organization_id,
        issuer=linking["issuer"],
        subject=linking["subject"],
        member_id=account.id,
        linked_at=now,
    )
    if await tx.insert_if_new(link):
        return account
    same = select(LinkedIdentity.member_id).where(
        LinkedIdentity.organization_id == organization_id,
        LinkedIdentity.issuer == linking["issuer"],
        LinkedIdentity.subject == linking["subject"],
    )
    return account if await tx.first(same) == account.id else "taken"


async def unlink(tx: Transaction, member_ids: list[UUID]) -> None:
    """Forget who members are to their provider: each is found anew by a mail."""
    await tx.execute(delete(LinkedIdentity).where(col(LinkedIdentity.member_id).in_(member_ids)))
