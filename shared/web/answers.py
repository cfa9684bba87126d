"""What the models of answers have in common."""

from typing import Any, TypeAlias, TypeVar

from pydantic import BaseModel, Field
from pydantic.json_schema import SkipJsonSchema

T = TypeVar("T")


Maybe: TypeAlias = T | SkipJsonSchema[None]
"""The type of a field of an `Answer` that may be left out, and is never null; its default is `absent()`."""


def absent(description: str | None = None) -> Any:
    """The default of a field that may be left out: its schema says nothing of the null that stands for that here."""
    return Field(default=None, description=description, exclude_if=_is_none, json_schema_extra=_without_default)


def _is_none(value: object) -> bool:
    return value is None


def _without_default(schema: dict[str, Any]) -> None:
    schema.pop("default", None)


class Answer(BaseModel):
    """Base of answers that leave out what there is nothing to say of, as HSDS does: their fields are never null.

    A field that may be left out is a `Maybe`, with `absent()`.
    """
