"""Alembic's environment of the catalogue."""

from shared.database.migrations import run_environment

run_environment()
