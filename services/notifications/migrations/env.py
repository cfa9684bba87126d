"""Alembic's environment of the notification service."""

from shared.migrations import run_environment

run_environment()
