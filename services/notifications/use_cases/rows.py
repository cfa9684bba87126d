"""Rows of notices and deliveries without their tables: many are written at a time, and do without a session."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from services.notifications.domain.wording import About
from shared.ids import new_id


@dataclass(frozen=True)
class PlainNotice:
    """A row of notices."""

    id: UUID
    event_id: UUID
    event_type: str
    correlation_id: str
    referral_id: UUID
    reference: str
    recipient_organization_id: UUID
    recipient_member_id: UUID | None
    about: dict[str, Any]
    created_at: datetime

    @property
    def facts(self) -> About:
        """`about` as the domain knows it."""
        return About.model_validate(self.about)


@dataclass(frozen=True)
class PlainDelivery:
    """A row of deliveries."""

    notice_id: UUID
    channel: str
    status: str
    attempts: int = 0
    next_attempt_at: datetime | None = None
    delivered_at: datetime | None = None
    version: int = 1
    id: UUID = field(default_factory=new_id)
