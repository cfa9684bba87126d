"""Alembic's environment of the referral service."""

from shared.database.migrations import run_environment

# Who was shown what is a log: the service adds to it, and not even a fault in the service can change it.
run_environment(append_only=("disclosures", "audit_seals", "audit_cuts"))
