"""Facts of the catalogue's copy, as showing and sending a referral takes them; nobody changes them here."""

from typing import ClassVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from shared.events.catalog import Closure
from shared.events.envelope import Names


class CatalogFact(BaseModel):
    """A row of the copy, read as a whole; `table` is where it lies."""

    model_config = ConfigDict(frozen=True)
    table: ClassVar[str]

    id: UUID
    name: Names

    @classmethod
    def query(cls) -> str:
        """SQL for the rows with some ids (`$1`), each as JSON."""
        return f"SELECT to_json(known)::text FROM {cls.table} AS known WHERE id = ANY($1)"  # noqa: S608


class CatalogOrganization(CatalogFact):
    """An organisation."""

    table = "organizations"

    active: bool
    closures: tuple[Closure, ...]


class CatalogService(CatalogFact):
    """A service."""

    table = "services"

    organization_id: UUID
    status: str
    capacity: str
    response_days: int | None
    urgent_response_days: int | None
    expiry_days: int | None
