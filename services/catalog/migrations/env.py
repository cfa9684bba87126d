"""Alembic's environment of the catalogue."""

from shared.migrations import run_environment

run_environment()
