"""Alembic's environment of the referral service."""

from shared.database.migrations import run_environment

# What happened, who was told of it and who was shown what are proof: the service adds to them, and not even a fault in
# the service can change them.
run_environment(append_only=("timeline", "deliveries", "disclosures", "audit_seals", "audit_cuts", "retention_runs"))
