"""How the notification service is doing."""

from pydantic import BaseModel, Field

from shared.web.service_health import ServiceHealth


class MailHealth(BaseModel):
    """How mail goes. Of mail that fails, what is tried again is counted, else what was given up within a day."""

    due: int = Field(description="Deliveries that wait for an attempt")
    due_seconds: float
    failing: int
    given_up: int
    oldest_seconds: float = Field(description="For how long the oldest of those that fail has been under way")
    others_arrive: bool = Field(description="Whether mail has arrived since")
    last_error: str | None


class NotificationsHealth(ServiceHealth):
    """`mail`: whether it goes out."""

    mail: MailHealth
