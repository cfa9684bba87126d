"""What the models of request bodies have in common; `bodies.py` reads them."""

from pydantic import BaseModel, ConfigDict


class Body(BaseModel):
    """Base of request bodies: unknown fields are refused, so that a misspelt one is not lost in silence.

    Types are taken strictly: what the document calls a boolean is no 0 and no "yes".
    """

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, strict=True)
