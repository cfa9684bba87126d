"""What every table of the portal stands on."""

from shared.database.rows import Record
from shared.database.tables import new_registry


class Base(Record, registry=new_registry()):
    """Base of the service's tables."""
