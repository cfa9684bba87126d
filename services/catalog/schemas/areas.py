"""Where people live whom a service is for, over HTTP (HSDS service_area)."""

from uuid import UUID

from services.catalog.schemas.parts import NeededDescription, NeededName, Translations
from shared.values.forms import WebAddress
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body


class NewServiceArea(Body):
    """An area whose residents the service is for, such as a municipality; `uri` is a lasting identifier of it."""

    name: NeededName
    description: NeededDescription | None = None
    uri: WebAddress | None = None


class ServiceAreaView(Answer):
    """An area whose residents a service is for (HSDS service_area)."""

    id: UUID
    name: str
    description: Maybe[str] = absent()
    uri: Maybe[str] = absent()
    translations: Translations
