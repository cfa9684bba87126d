"""What stands on the board."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the table, with a note in it."""
    op.execute("CREATE TABLE notes (note text NOT NULL)")
    op.execute("INSERT INTO notes VALUES ('Tervetuloa')")
