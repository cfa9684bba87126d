"""What an adviser needs to know of a service, over HTTP: the fields about reaching and using it."""

from typing import Annotated

from pydantic import Field

from services.catalog.domain.eligibility import LONGEST_WAIT, OLDEST
from services.catalog.schemas.areas import NewServiceArea, ServiceAreaView
from services.catalog.schemas.contacts import ContactView, NewContact
from services.catalog.schemas.costs import CostOptionView, NewCostOption
from services.catalog.schemas.documents import NewRequiredDocument, RequiredDocumentView
from services.catalog.schemas.parts import Description, LeftOut
from services.catalog.schemas.phones import Phones, PhoneView
from services.catalog.schemas.schedules import NewSchedule, ScheduleView
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body

Age = Annotated[int, Field(ge=0, le=OLDEST, strict=True, description="Years; null: not known")]


class ServiceDetails(Body):
    """How a service is reached and used. What is left out is not known; a list replaces the one there was."""

    phones: Phones = LeftOut
    schedules: Annotated[list[NewSchedule], Field(max_length=50)] = LeftOut
    contacts: Annotated[list[NewContact], Field(max_length=20)] = LeftOut
    service_areas: Annotated[list[NewServiceArea], Field(max_length=50)] = LeftOut
    cost_options: Annotated[list[NewCostOption], Field(max_length=50)] = LeftOut
    required_documents: Annotated[list[NewRequiredDocument], Field(max_length=50)] = LeftOut
    fees_description: Description | None = None
    interpretation_services: Description | None = None
    minimum_age: Age | None = None
    maximum_age: Age | None = None
    typical_wait_days: Annotated[int, Field(ge=0, le=LONGEST_WAIT, strict=True)] | None = Field(
        None, description="Days from a referral to the first meeting, usually; null: not known"
    )


class ServiceDetailsView(Answer):
    """How a service is reached and used (HSDS service); what is not known is empty or left out."""

    phones: list[PhoneView]
    schedules: list[ScheduleView]
    contacts: list[ContactView] = Field(description="For professionals")
    service_areas: list[ServiceAreaView] = Field(description="Whose residents it is for; empty where nobody has said")
    cost_options: list[CostOptionView]
    required_documents: list[RequiredDocumentView]
    fees_description: Maybe[str] = absent()
    interpretation_services: Maybe[str] = absent()
    minimum_age: Maybe[int] = absent()
    maximum_age: Maybe[int] = absent()
    typical_wait_days: Maybe[int] = absent("Days from a referral to the first meeting, usually")
    wait_time: Maybe[str] = absent("The same in words")
