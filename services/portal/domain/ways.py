"""Who signs in by what: with the provider of the organisation where there is one, else with what the portal keeps."""

from collections.abc import Collection, Iterable, Set
from dataclasses import dataclass
from typing import Final, Literal
from uuid import UUID

Way = Literal["mail", "passkey", "recovery_code", "provider", "account"]
"""How a session came about: `account` is the choice of a seeded one, where things are tried"""
SHOWN_HERE: Final = frozenset[Way]({"mail", "passkey", "recovery_code"})
"""The ways by which a second factor was shown to the portal itself, and not to a provider"""


@dataclass(frozen=True)
class Membership:
    """An account in the catalogue: one person in one organisation."""

    member_id: UUID
    organization_id: UUID
    active: bool
    """Whether the member may act: its organisation counts as well"""


def open_to_local(memberships: Iterable[Membership], with_provider: Set[UUID]) -> list[Membership]:
    """The memberships that somebody may use who signed in with a mail or a passkey.

    `with_provider` are the organisations that have a provider in use: their own sign-in is closed here.
    """
    return [each for each in memberships if each.active and each.organization_id not in with_provider]


Refusal = Literal["other_organization", "coordinator"]


def refused_reset(
    admin_organization: UUID, *, of_platform: bool, roles: Collection[str], memberships: Iterable[Membership]
) -> Refusal | None:
    """Why an administrator may not take away what a person with `roles` signs in with; None where they may.

    It is one person's in all organisations. So one organisation may do that only where no other is concerned: the
    person is a member of none of them, and does not see their figures, as a coordinator does.
    """
    if of_platform:
        return None
    if any(each.organization_id != admin_organization for each in memberships):
        return "other_organization"
    return "coordinator" if "coordinator" in roles else None
