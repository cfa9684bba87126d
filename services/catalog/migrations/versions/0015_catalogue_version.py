"""Each state of the catalogue has a version, so that what was counted of it is known to hold."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_DECIDES = ("services", "organizations", "closures", "members", "locations", "service_at_locations")


def upgrade() -> None:
    """Make the version, and the triggers that change it.

    They wait for the end of a transaction, so that the one row is the last that it locks: nobody waits in a circle.
    """
    op.create_table(
        "catalogue_version",
        sa.Column("only_one", sa.Boolean, nullable=False),
        sa.Column("version", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("only_one", name="pk_catalogue_version"),
        sa.CheckConstraint("only_one", name="ck_catalogue_version_only_one"),
    )
    op.execute("INSERT INTO catalogue_version VALUES (true, gen_random_uuid())")
    op.execute(
        "CREATE FUNCTION catalogue_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF current_setting('luotsi.catalogue_changed', true) IS DISTINCT FROM 'yes' THEN"  # once a transaction
        " INSERT INTO catalogue_version VALUES (true, gen_random_uuid())"
        " ON CONFLICT (only_one) DO UPDATE SET version = excluded.version;"
        " PERFORM set_config('luotsi.catalogue_changed', 'yes', true);"
        " END IF; RETURN NULL; END $$"
    )
    for table in _DECIDES:
        op.execute(
            f"CREATE CONSTRAINT TRIGGER catalogue_changed AFTER INSERT OR UPDATE OR DELETE ON {table}"
            " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION catalogue_changed()"
        )
