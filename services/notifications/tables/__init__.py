"""The tables of the notification service: its copies of the catalogue, notices, deliveries, preferences."""

from services.notifications.tables.base import Base
from services.notifications.tables.copies import Member, Organization, Service
from services.notifications.tables.deliveries import Delivery
from services.notifications.tables.notices import Counter, Notice
from services.notifications.tables.preferences import Preference

__all__ = ["Base", "Counter", "Delivery", "Member", "Notice", "Organization", "Preference", "Service"]
