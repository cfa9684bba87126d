"""The envelope of every event: CloudEvents 1.0 attributes plus order, actor and trace."""

from typing import Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class Payload(BaseModel):
    """Base of event data: unknown fields are ignored, so that additions break no older reader."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Names(Payload):
    """A text in the platform's three languages."""

    fi: str
    sv: str
    en: str

    def in_language(self, language: str) -> str:
        """The text in `language` (fi, sv, en); Finnish for any other."""
        return {"sv": self.sv, "en": self.en}.get(language, self.fi)


class Envelope(BaseModel):
    """One event as it lies on a stream, in the structured JSON mode of CloudEvents 1.0.

    (`epoch`, `sequence`) orders the states of one `subject`: a copy is overwritten by a higher pair only.
    `sequence` is the version of the aggregate, `epoch` is raised when a database was restored from a backup.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    specversion: Literal["1.0"] = "1.0"
    id: UUID
    source: str = Field(min_length=1)
    type: str = Field(min_length=1)
    time: AwareDatetime
    subject: str = Field(min_length=1)
    dataschema: str
    datacontenttype: Literal["application/json"] = "application/json"
    sequence: int = Field(ge=1)
    epoch: int = Field(ge=1)
    actor: str
    correlationid: str
    traceparent: str
    tracestate: str | None = None
    data: dict[str, Any]

    @property
    def unset(self) -> set[str]:
        """The attributes without a value, which are left out of what is published."""
        return set() if self.tracestate else {"tracestate"}

    @property
    def order(self) -> tuple[int, int]:
        """What decides between two states of one subject."""
        return (self.epoch, self.sequence)


def schema_name(event_type: str) -> str:
    """The `dataschema` of a type: a name in the project's own URN space, not an address to fetch."""
    return f"urn:luotsi:event:{event_type}"


__all__ = ["Envelope", "Names", "Payload", "schema_name"]
