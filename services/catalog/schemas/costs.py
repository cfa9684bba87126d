"""What a service costs, over HTTP (HSDS cost_option)."""

from datetime import date
from decimal import Decimal
from typing import Annotated, Self
from uuid import UUID

from babel.numbers import is_currency
from pydantic import Field, PlainSerializer, model_validator

from services.catalog.schemas.parts import NeededName, Translations
from shared.values.days import Day
from shared.values.forms import Form
from shared.web.answers import Answer, Maybe, absent
from shared.web.requests import Body

LARGEST_AMOUNT = 1_000_000


def _known_currency(text: str) -> str:
    code = text.strip().upper()
    if not is_currency(code):
        raise ValueError("unknown; give the three letters of ISO 4217, such as EUR")
    return code


Currency = Annotated[str, Form(_known_currency, {"minLength": 3, "maxLength": 3, "examples": ["EUR"]})]
Amount = Annotated[
    Decimal,
    Field(ge=0, le=LARGEST_AMOUNT, decimal_places=2),
    PlainSerializer(float, return_type=float, when_used="json"),
]


class NewCostOption(Body):
    """A price and for whom it is, such as an amount of 0 with the `option` "for students"."""

    option: NeededName | None = None
    amount: Amount | None = None
    currency: Currency | None = Field(None, description="EUR unless another is named")
    amount_description: NeededName | None = None
    valid_from: Day | None = None
    valid_to: Day | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.amount is None and self.option is None and self.amount_description is None:
            raise ValueError("give an amount, or say something in `option` or `amount_description`")
        if self.amount is None and self.currency is not None:
            raise ValueError("a currency needs an amount")
        if self.valid_from and self.valid_to and self.valid_to < self.valid_from:
            raise ValueError("`valid_to` lies before `valid_from`")
        if self.amount is not None and self.currency is None:
            self.currency = "EUR"
        return self


class CostOptionView(Answer):
    """A price and for whom it is (HSDS cost_option)."""

    id: UUID
    option: Maybe[str] = absent()
    amount: Maybe[float] = absent()
    currency: Maybe[str] = absent()
    amount_description: Maybe[str] = absent()
    valid_from: Maybe[date] = absent()
    valid_to: Maybe[date] = absent()
    translations: Translations
