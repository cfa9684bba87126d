"""Alembic's entry to the notification service's database."""

from services.notifications.tables import Base
from shared.migrations import run_environment
from shared.tables import Backbone

run_environment([Base.metadata, Backbone.metadata])
