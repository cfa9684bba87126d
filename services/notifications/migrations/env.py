"""Alembic's environment of the notification service."""

from shared.database.migrations import run_environment

run_environment()
