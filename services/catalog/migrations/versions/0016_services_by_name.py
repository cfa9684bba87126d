"""Services are read in the order of their names."""

import sqlalchemy as sa

from shared.database.indexes import build_index

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build an index for each language while people go on working."""
    for language in ("fi", "sv", "en"):
        name = sa.text(f"""((sort_keys ->> '{language}') COLLATE "C")""")
        build_index(f"ix_services_name_{language}", "services", [name, "id"])
