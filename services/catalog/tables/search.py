"""The words by which organisations and services are found, as PostgreSQL full text."""

from typing import ClassVar
from uuid import UUID

from sqlalchemy import Column, ForeignKey, Index
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field

from services.catalog.tables.base import Base


class ServiceWords(Base, table=True):
    """By which words a service is found."""

    __tablename__: ClassVar[str] = "service_words"
    __table_args__: ClassVar = (Index("ix_service_words_words", "words", postgresql_using="gin"),)

    service_id: UUID = Field(sa_column=Column(ForeignKey("services.id", ondelete="CASCADE"), primary_key=True))
    words: str = Field(sa_column=Column(TSVECTOR, nullable=False))


class OrganizationWords(Base, table=True):
    """By which words an organisation is found."""

    __tablename__: ClassVar[str] = "organization_words"
    __table_args__: ClassVar = (Index("ix_organization_words_words", "words", postgresql_using="gin"),)

    organization_id: UUID = Field(
        sa_column=Column(ForeignKey("organizations.id", ondelete="CASCADE"), primary_key=True)
    )
    words: str = Field(sa_column=Column(TSVECTOR, nullable=False))
