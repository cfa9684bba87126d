"""Alembic's environment of the catalogue."""

from alembic import context

from services.catalog.use_cases.search_index import bring_index_up_to_date
from shared.database.migrations import run_environment

run_environment()
bring_index_up_to_date(context.config.attributes["database_url"])
