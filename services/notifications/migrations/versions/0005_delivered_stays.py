"""What was delivered stays as it was written down: the service's role can change it no more."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Refuse changes of delivered rows to all but the role that owns the table."""
    op.execute(
        "CREATE FUNCTION delivered_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN"
        " RAISE insufficient_privilege USING MESSAGE = 'permission denied: what was delivered stays as it is';"
        " END IF; RETURN NEW; END $$"
    )
    op.execute(
        "CREATE TRIGGER delivered_stays BEFORE UPDATE ON deliveries FOR EACH ROW"
        " WHEN (OLD.status = 'delivered') EXECUTE FUNCTION delivered_stays()"
    )
