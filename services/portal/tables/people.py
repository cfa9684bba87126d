"""People, and what they sign in with where their organisation has no provider."""

from datetime import datetime
from typing import ClassVar
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, CheckConstraint, DateTime, Index, LargeBinary, Text, text
from sqlmodel import Field

from services.portal.tables.base import Base
from shared.ids import new_id


class Person(Base, table=True):
    """Whoever reads the mail to an address: one person, in however many organisations.

    There is a row from the first mail on that was answered. `user_handle` is what passkeys call the person.
    `sealed_code_key` opens with PORTAL_KEY and keys the digests of the person's recovery codes: so these stay when
    PORTAL_KEY is changed. Without it they were made by an older version, and keyed by PORTAL_KEY itself.
    """

    __tablename__ = "people"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    address: str = Field(sa_type=Text, unique=True)
    user_handle: bytes = Field(sa_type=LargeBinary, unique=True)
    sealed_code_key: bytes | None = Field(default=None, sa_type=LargeBinary)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))


class Authenticator(Base, table=True):
    """A person's authenticator app. `last_step` is the time step of the last code that was accepted.

    `sealed_secret` opens with PORTAL_KEY. Until `confirmed_at` no code of it has been seen, and it counts for nothing.
    """

    __tablename__ = "authenticators"

    person_id: UUID = Field(primary_key=True)
    sealed_secret: bytes = Field(sa_type=LargeBinary)
    last_step: int = Field(default=0, sa_type=BigInteger)
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    confirmed_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class RecoveryCode(Base, table=True):
    """A code for the day on which nothing else is at hand. It works once."""

    __tablename__ = "recovery_codes"
    __table_args__: ClassVar = (Index("ix_recovery_codes_person_id", "person_id"),)

    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    person_id: UUID
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Passkey(Base, table=True):
    """A passkey of a person, under the name that the person gave it."""

    __tablename__ = "passkeys"
    __table_args__: ClassVar = (Index("ix_passkeys_person_id", "person_id"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    person_id: UUID
    credential_id: bytes = Field(sa_type=LargeBinary, unique=True)
    public_key: bytes = Field(sa_type=LargeBinary)
    sign_count: int = Field(sa_type=BigInteger)
    name: str = Field(sa_type=Text)
    backed_up: bool
    transports: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    last_used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Attempt(Base, table=True):
    """A step of signing in that waits for the next: for a link to be opened, a code, a passkey, a provider's answer.

    `token_digest` stands for what link, `state` or cookie carry, `browser_digest` for the browser that began it. A step
    is used once. `sealed` opens with PORTAL_KEY and holds what the next step has to know.
    """

    __tablename__ = "attempts"
    __table_args__: ClassVar = (
        CheckConstraint(
            "kind IN ('mail', 'proof', 'passkey', 'new_passkey', 'provider', 'linking', 'recovery_codes', 'sign_out')",
            name="kind",
        ),
        Index("ix_attempts_expires_at", "expires_at"),
        Index("ix_attempts_person_id", "person_id", postgresql_where=text("person_id IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str = Field(sa_type=Text)
    token_digest: bytes = Field(sa_type=LargeBinary, unique=True)
    browser_digest: bytes = Field(sa_type=LargeBinary)
    person_id: UUID | None = None
    sealed: bytes = Field(sa_type=LargeBinary)
    tries: int = 0
    created_at: datetime = Field(sa_type=DateTime(timezone=True))
    expires_at: datetime = Field(sa_type=DateTime(timezone=True))
    used_at: datetime | None = Field(default=None, sa_type=DateTime(timezone=True))


class Count(Base, table=True):
    """How often something that is limited was tried since `began_at`. `digest` says by whom, to nobody."""

    __tablename__ = "counts"
    __table_args__: ClassVar = (Index("ix_counts_began_at", "began_at"),)

    digest: bytes = Field(sa_type=LargeBinary, primary_key=True)
    began_at: datetime = Field(sa_type=DateTime(timezone=True))
    tries: int
