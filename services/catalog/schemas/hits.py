"""What a search finds: services with why, and what else there is to choose from."""

from typing import Generic, Literal, TypeVar

from pydantic import ConfigDict, Field

from services.catalog.schemas.organizations import OrganizationView
from services.catalog.schemas.pages import Page
from services.catalog.schemas.services import ServiceSummary, ServiceView
from shared.events.catalog import Language
from shared.web.answers import Answer, Maybe, absent

HitT = TypeVar("HitT", bound=ServiceSummary)

PlaceName = Literal["name", "keywords", "summary", "description", "organisation", "about-organisation"]


class ShowingView(Answer):
    """A word that is not known, and the one that was looked for instead; `exactly=true` takes it as it was typed."""

    model_config = ConfigDict(populate_by_name=True)

    for_: str = Field(alias="for")
    instead_of: str


class MatchedWord(Answer):
    """A typed word that was found: as which word, in which language, and where."""

    word: str
    found: str
    language: Language
    place: PlaceName


class FactFit(Answer):
    """A filter: what was asked for, whether the service fits it, and the same in words."""

    fact: str
    wanted: str
    fits: bool
    text: str


class Why(Answer):
    """Why a service was found: the typed words that it has, those that it has not, and which filters it fits."""

    words: list[MatchedWord]
    missing: list[str]
    facts: list[FactFit]


class ServiceHit(ServiceView):
    """A service that was found. Without a text and filters there is no `why`."""

    why: Maybe[Why] = absent()


class ServiceSummaryHit(ServiceSummary):
    """A service that was found, as a list shows it. Without a text and filters there is no `why`."""

    why: Maybe[Why] = absent()


class FacetValue(Answer):
    """A value of a filter, its name, and how many services there are with it beside the other filters."""

    value: str
    name: str
    count: int


class Facets(Answer):
    """What can be chosen to narrow the list, the most frequent first."""

    language: list[FacetValue]
    target_group: list[FacetValue]
    area: list[FacetValue]
    organization_type: list[FacetValue]
    accepting: list[FacetValue]


class FoundPage(Page[HitT], Generic[HitT]):
    """One page of services. `unknown`: typed words that found nothing at all."""

    showing: list[ShowingView]
    unknown: list[str]
    facets: Facets


class ServicePage(FoundPage[ServiceHit]):
    """One page of services. `unknown`: typed words that found nothing at all."""


class ServiceSummaryPage(FoundPage[ServiceSummaryHit]):
    """One page of services as a list shows them. `unknown`: typed words that found nothing at all."""


class OrganizationPage(Answer, Page[OrganizationView]):
    """One page of organisations; `showing` where there was a text."""

    showing: Maybe[list[ShowingView]] = absent()
