"""Whoever listens for notices is told whose they are, so that nobody else is woken."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Name each recipient, in a notification of its own: PostgreSQL takes no more than 8000 bytes in one.

    What a transaction has said already it leaves out.
    """
    op.execute(
        "CREATE OR REPLACE FUNCTION wake_notices() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " PERFORM pg_notify('notices', recipient_member_id::text) FROM made WHERE recipient_member_id IS NOT NULL;"
        " RETURN NULL; END $$"
    )
    op.execute(
        "CREATE OR REPLACE TRIGGER wake_notices AFTER INSERT ON notices REFERENCING NEW TABLE AS made"
        " FOR EACH STATEMENT EXECUTE FUNCTION wake_notices()"
    )
