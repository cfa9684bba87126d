"""Alembic's environment of the reader."""

from shared.database.migrations import run_environment

run_environment()
