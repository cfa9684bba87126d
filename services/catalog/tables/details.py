"""What an adviser needs to know of a service: columns of its row."""

from typing import Any

from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.catalog.tables.base import Texts, Words
from shared.database.rows import Record

Entries = list[dict[str, Any]]
"""A list of things as `schemas/` takes them in; their texts are objects by language."""


class ServiceDetails(Record):
    """How a service is reached and used, and by which words it is looked for.

    NULL says that nobody has said anything, so that seeding may; an empty list or object says that there is none.
    `typical_wait_days` are days from a referral to the first meeting.
    """

    keywords: Words | None = Field(default=None, sa_type=JSONB)
    phones: Entries | None = Field(default=None, sa_type=JSONB)
    schedules: Entries | None = Field(default=None, sa_type=JSONB)
    contacts: Entries | None = Field(default=None, sa_type=JSONB)
    service_areas: Entries | None = Field(default=None, sa_type=JSONB)
    cost_options: Entries | None = Field(default=None, sa_type=JSONB)
    required_documents: Entries | None = Field(default=None, sa_type=JSONB)
    fees_description: Texts | None = Field(default=None, sa_type=JSONB)
    interpretation_services: Texts | None = Field(default=None, sa_type=JSONB)
    minimum_age: int | None = None
    maximum_age: int | None = None
    typical_wait_days: int | None = None
