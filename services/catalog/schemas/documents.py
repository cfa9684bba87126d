"""Documents to bring, over HTTP (HSDS required_document)."""

from uuid import UUID

from pydantic import BaseModel

from services.catalog.schemas.parts import NeededName, Translations, WebAddress
from shared.web.requests import Body


class NewRequiredDocument(Body):
    """A document to bring; `uri` leads to a form or an explanation."""

    document: NeededName
    uri: WebAddress | None = None


class RequiredDocumentView(BaseModel):
    """A document to bring (HSDS required_document)."""

    id: UUID
    document: str
    uri: str | None = None
    translations: Translations
