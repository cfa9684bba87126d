"""Alembic's environment of the board."""

from shared.database.migrations import run_environment

run_environment()
