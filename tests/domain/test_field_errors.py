"""What is said about a field that is wrong: what to do, never what was typed."""

from decimal import Decimal
from typing import Annotated, Literal
from uuid import UUID

import pytest
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from shared.problems import field_errors


class Sample(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str


CASES = [
    (Sample, {}, "name", "is missing; give it"),
    (Sample, {"name": "a", "nmae": "b"}, "nmae", "is unknown here; look for a slip, or leave it out"),
    (Sample, {"name": 7}, "name", "must be text"),
    (Sample, "typed", "body", "must be an object"),
    (dict[str, str], ["typed"], "body", "must be an object"),
    (list[str], "typed", "body", "must be a list"),
    (Literal["sent", "received"], "typed", "body", "give one of 'sent' or 'received'"),
    (bool, "typed", "body", "must be true or false"),
    (int, "typed", "body", "must be a whole number"),
    (int, 1.5, "body", "must be a whole number"),
    (Decimal, "typed", "body", "must be a number such as 12.50"),
    (Decimal, [], "body", "must be a number such as 12.50"),
    (Annotated[int, Field(ge=0)], -17, "body", "must be 0 or more"),
    (Annotated[int, Field(le=100)], 517, "body", "must be 100 or less"),
    (Annotated[str, Field(min_length=2)], "x", "body", "must have 2 characters or more"),
    (Annotated[str, Field(max_length=3)], "typed", "body", "must have 3 characters or fewer"),
    (Annotated[list[int], Field(min_length=1)], [], "body", "choose at least one"),
    (Annotated[list[int], Field(min_length=2)], [1], "body", "must have 2 or more entries"),
    (Annotated[list[int], Field(max_length=1)], [17, 18], "body", "must have 1 or fewer entries"),
    (UUID, "typed", "body", "must be an id (a UUID)"),
]


@pytest.mark.parametrize(("wanted", "given", "field", "message"), CASES)
def test_an_error_says_what_to_do(wanted: type, given: object, field: str, message: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(wanted).validate_python(given)
    assert field_errors(list(caught.value.errors())) == [{"field": field, "message": message}]
