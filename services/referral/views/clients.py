"""Clients, as who may see them sees them."""

from uuid import UUID

from pydantic import BaseModel


class ClientView(BaseModel):
    """A client, as one may see it who sees it at all."""

    id: UUID
    kind: str
    language: str
    interpreter: bool
    contact_via: str
    name: str | None = None
    email: str | None = None
    phone: str | None = None
    business_id: str | None = None


class FoundClient(ClientView):
    """A client of one's own organisation, with the references of its referrals, newest first."""

    references: list[str]


class FoundClients(BaseModel):
    """The clients that were found, newest first; 20 at most."""

    contents: list[FoundClient]
