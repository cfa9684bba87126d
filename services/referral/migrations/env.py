"""Alembic's environment of the referral service."""

from services.referral.tables import Base
from shared.migrations import run_environment
from shared.tables import Backbone

run_environment([Base.metadata, Backbone.metadata])
