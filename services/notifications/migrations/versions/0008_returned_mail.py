"""Mail that came back after a server had taken it: what was delivered stays, and may be said to have come back."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"

_STATUSES = "'pending', 'failed', 'delivered', 'exhausted', 'withdrawn', 'bounced'"
_SAID_OF_IT = "ARRAY['status', 'bounced_at', 'last_error', 'version']"
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION delivered_stays() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    IF OLD.status = 'delivered' AND NEW.status = 'bounced'
        AND to_jsonb(NEW) - {_SAID_OF_IT} = to_jsonb(OLD) - {_SAID_OF_IT} THEN RETURN NEW; END IF;
    IF NOT pg_has_role(current_user, (SELECT relowner FROM pg_class WHERE oid = TG_RELID), 'USAGE') THEN
        RAISE insufficient_privilege USING MESSAGE = 'permission denied: what was delivered stays as it is';
    END IF;
    RETURN NEW;
END $$
"""  # noqa: S608 - our own words


def upgrade() -> None:
    """The service's role may change a delivered row in this way alone, and a returned one in none."""
    op.add_column("deliveries", sa.Column("bounced_at", sa.DateTime(timezone=True)))
    _check("status", f"status IN ({_STATUSES})")
    _check("delivered", "(status IN ('delivered', 'bounced')) = (delivered_at IS NOT NULL)")
    op.execute(
        "ALTER TABLE deliveries ADD CONSTRAINT ck_deliveries_bounced"
        " CHECK ((status = 'bounced') = (bounced_at IS NOT NULL))"
    )
    op.execute(_FUNCTION)
    op.execute("DROP TRIGGER delivered_stays ON deliveries")
    op.execute(
        "CREATE TRIGGER delivered_stays BEFORE UPDATE ON deliveries FOR EACH ROW"
        " WHEN (OLD.status IN ('delivered', 'bounced')) EXECUTE FUNCTION delivered_stays()"
    )


def _check(name: str, condition: str) -> None:
    op.execute(f"ALTER TABLE deliveries DROP CONSTRAINT ck_deliveries_{name}")
    op.execute(f"ALTER TABLE deliveries ADD CONSTRAINT ck_deliveries_{name} CHECK ({condition})")
