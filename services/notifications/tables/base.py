"""What every table of the notification service stands on."""

from sqlmodel import SQLModel

from shared.database.tables import new_registry


class Base(SQLModel, registry=new_registry()):
    """Base of the service's tables."""
