"""Alembic's entry: the catalogue's tables and the backbone's."""

from services.catalog.tables import Base
from shared.migrations import run_environment
from shared.tables import Backbone

run_environment([Base.metadata, Backbone.metadata])
