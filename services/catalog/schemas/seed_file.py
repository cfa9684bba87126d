"""The shape of a data file for seeding, such as `data/kuopio.yaml`."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from services.catalog.domain.names import check_slug
from services.catalog.domain.target_groups import TARGET_GROUPS
from services.catalog.schemas.details import ServiceDetails
from services.catalog.schemas.keywords import Keywords
from shared.events.catalog import Language, OrganizationType, Role
from shared.events.envelope import Names
from shared.personal_identity import contains_code
from shared.values.email_addresses import EmailAddress

DATA = Path(__file__).parents[1] / "data" / "kuopio.yaml"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class MemberEntry(_Entry):
    """A member in the data file."""

    email: EmailAddress
    language: Language
    roles: tuple[Role, ...]


class LocationEntry(_Entry):
    """A location in the data file; `key` is what services of the organisation call it by."""

    key: str
    type: Literal["physical", "postal", "virtual"]
    name: Names
    city: str | None = None


class AliasEntry(_Entry):
    """A former name in the data file."""

    slug: str
    name: Names
    valid_until: date


class ServiceEntry(_Entry):
    """A service in the data file."""

    slug: str
    name: Names
    description: Names
    eligibility: Names
    languages: tuple[str, ...]
    target_groups: tuple[str, ...]
    keywords: Keywords
    details: ServiceDetails = ServiceDetails()
    locations: tuple[str, ...] = ()


class OrganizationEntry(_Entry):
    """An organisation in the data file; `parent` is a slug that stands before it in the file."""

    slug: str
    type: OrganizationType
    name: Names
    alternate_name: Names | None = None
    description: Names
    parent: str | None = None
    aliases: tuple[AliasEntry, ...] = ()
    locations: tuple[LocationEntry, ...] = ()
    services: tuple[ServiceEntry, ...] = ()
    members: tuple[MemberEntry, ...] = ()


def read_data(path: Path = DATA) -> tuple[OrganizationEntry, ...]:
    """The organisations of a data file. Raises ValueError (pydantic's) or RuleBroken when it does not fit."""
    # LibYAML's loader, where it is: it is ten times quicker.
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    found = yaml.load(path.read_text("utf-8"), Loader=loader)  # noqa: S506  a safe one
    if any(map(contains_code, _texts(found))):
        raise ValueError("a personal identity code (henkilötunnus) stands in the file")
    entries = [OrganizationEntry.model_validate(each) for each in found["organizations"]]
    for entry in entries:
        check_slug(entry.slug)
        for service in entry.services:
            check_slug(service.slug)
            unknown = set(service.target_groups) - TARGET_GROUPS.keys()
            if unknown:
                raise ValueError(f"{service.slug}: unknown target groups {', '.join(sorted(unknown))}")
    return tuple(entries)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in (*value.keys(), *value.values()):
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
