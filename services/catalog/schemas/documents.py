"""Documents to bring, over HTTP (HSDS required_document)."""

from uuid import UUID

from services.catalog.schemas.parts import NeededName, Translations
from shared.values.forms import WebAddress
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body


class NewRequiredDocument(Body):
    """A document to bring; `uri` leads to a form or an explanation."""

    document: NeededName
    uri: WebAddress | None = None


class RequiredDocumentView(Answer):
    """A document to bring (HSDS required_document)."""

    id: UUID
    document: str
    uri: Maybe[str] = absent()
    translations: Translations
