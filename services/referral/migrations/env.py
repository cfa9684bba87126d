"""Alembic's environment of the referral service."""

from services.referral.tables import Base
from shared.migrations import run_environment
from shared.tables import Backbone

# Who was shown what is a log: the service adds to it, and not even a fault in the service can change it.
run_environment([Base.metadata, Backbone.metadata], append_only=("disclosures", "audit_seals", "audit_cuts"))
