"""Alembic's environment of the portal."""

from shared.database.migrations import run_environment

run_environment()
