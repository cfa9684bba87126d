"""Rows of the catalogue as the cells of a file: to be written into one, and to say what a line changes."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from luotsi.importing.lines import TEXTS
from services.catalog.tables import Member, Organization

Cells = dict[str, str]

_LONGEST_SHOWN: Final = 60


def member_cells(member: Member, slug: str, addresses: Mapping[UUID, str]) -> Cells:
    """A member of the organisation with that slug; `addresses` has those of all who may be deputies."""
    return {
        "email": member.email,
        "organization": slug,
        "roles": " ".join(member.roles),
        "language": member.language,
        "deputy": addresses.get(member.deputy_id, "") if member.deputy_id else "",
    }


def organization_cells(organization: Organization, slugs: Mapping[UUID, str]) -> Cells:
    """An organisation; `slugs` has those of all that may stand above it."""
    parent = organization.parent_organization_id
    return {
        "slug": organization.slug,
        "organization_type": organization.organization_type,
        **{column: getattr(organization, name).get(language, "") for column, (name, language) in TEXTS.items()},
        "parent": slugs.get(parent, "") if parent else "",
        "email": organization.email or "",
        "website": organization.website or "",
    }


def differences(before: Cells, after: Cells) -> str:
    """What became different, column by column: `language fi → sv, deputy none → b@example.org`."""
    return ", ".join(
        f"{column} {_shown(before[column])} → {_shown(after[column])}"
        for column in after
        if before[column] != after[column]
    )


def _shown(cell: str) -> str:
    line = " ".join(cell.split())
    return f"{line[:_LONGEST_SHOWN]}…" if len(line) > _LONGEST_SHOWN else line or "none"
