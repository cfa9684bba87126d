"""The catalogue's first tables."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR

from shared.database.backbone import create_backbone

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the backbone's tables, then the catalogue's."""
    create_backbone()
    _create_organizations()
    _create_what_organizations_have()
    _create_services()
    _create_members()
    _create_words()


def _texts(name: str) -> sa.Column[object]:
    return sa.Column(name, JSONB, nullable=False)


def _moment(name: str) -> sa.Column[object]:
    return sa.Column(name, sa.DateTime(timezone=True), server_default=sa.func.now(), nullable=False)


def _organization(table: str) -> tuple[sa.Column[object], sa.ForeignKeyConstraint]:
    return (
        sa.Column("organization_id", sa.Uuid, nullable=False),
        sa.ForeignKeyConstraint(
            ["organization_id"], ["organizations.id"], name=f"fk_{table}_organization_id_organizations"
        ),
    )


def _create_organizations() -> None:
    op.create_table(
        "organizations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("organization_type", sa.Text, nullable=False),
        _texts("name"),
        _texts("alternate_name"),
        _texts("description"),
        sa.Column("parent_organization_id", sa.Uuid),
        sa.Column("email", sa.Text),
        sa.Column("website", sa.Text),
        sa.Column("active", sa.Boolean, nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_organizations"),
        sa.UniqueConstraint("slug", name="uq_organizations_slug"),
        sa.ForeignKeyConstraint(
            ["parent_organization_id"],
            ["organizations.id"],
            name="fk_organizations_parent_organization_id_organizations",
        ),
        sa.CheckConstraint(
            "organization_type IN ('municipality', 'municipal-service', 'state-agency', 'hospital', "
            "'higher-education', 'research-institute', 'business-services', 'cooperation', "
            "'association', 'meeting-place', 'network', 'platform-operator', 'other')",
            name="ck_organizations_organization_type",
        ),
    )


def _create_what_organizations_have() -> None:
    op.create_table(
        "organization_aliases",
        sa.Column("id", sa.Uuid, nullable=False),
        *_organization("organization_aliases"),
        _texts("name"),
        sa.Column("slug", sa.Text),
        sa.Column("valid_from", sa.Date),
        sa.Column("valid_until", sa.Date, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organization_aliases"),
    )
    op.create_index(op.f("ix_organization_aliases_organization_id"), "organization_aliases", ["organization_id"])
    op.create_index(op.f("ix_organization_aliases_slug"), "organization_aliases", ["slug"])
    op.create_table(
        "closures",
        sa.Column("id", sa.Uuid, nullable=False),
        *_organization("closures"),
        sa.Column("starts_on", sa.Date, nullable=False),
        sa.Column("ends_on", sa.Date, nullable=False),
        _texts("note"),
        sa.PrimaryKeyConstraint("id", name="pk_closures"),
        sa.CheckConstraint("ends_on >= starts_on", name="ck_closures_order"),
    )
    op.create_index(op.f("ix_closures_organization_id"), "closures", ["organization_id"])
    op.create_table(
        "locations",
        sa.Column("id", sa.Uuid, nullable=False),
        *_organization("locations"),
        sa.Column("location_type", sa.Text, nullable=False),
        _texts("name"),
        _texts("description"),
        sa.Column("url", sa.Text),
        sa.Column("address_1", sa.Text),
        sa.Column("postal_code", sa.Text),
        sa.Column("city", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_locations"),
        sa.CheckConstraint("location_type IN ('physical', 'postal', 'virtual')", name="ck_locations_location_type"),
    )
    op.create_index(op.f("ix_locations_organization_id"), "locations", ["organization_id"])


def _create_services() -> None:
    op.create_table(
        "services",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("slug", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        *_organization("services"),
        _texts("name"),
        _texts("alternate_name"),
        _texts("description"),
        _texts("eligibility_description"),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("languages", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("target_groups", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("url", sa.Text),
        sa.Column("email", sa.Text),
        sa.Column("capacity", sa.Text, nullable=False),
        sa.Column("available", sa.Integer),
        _moment("capacity_updated_at"),
        _moment("created_at"),
        _moment("updated_at"),
        sa.PrimaryKeyConstraint("id", name="pk_services"),
        sa.UniqueConstraint("slug", name="uq_services_slug"),
        sa.CheckConstraint(
            "status IN ('active', 'inactive', 'defunct', 'temporarily closed')", name="ck_services_status"
        ),
        sa.CheckConstraint(
            "capacity IN ('capacity', 'no-capacity', 'waitlist', 'additional-assessment-required')",
            name="ck_services_capacity",
        ),
        sa.CheckConstraint("available >= 0", name="ck_services_available"),
    )
    op.create_index(op.f("ix_services_organization_id"), "services", ["organization_id"])
    op.create_table(
        "service_at_locations",
        sa.Column("id", sa.Uuid, nullable=False),
        sa.Column("service_id", sa.Uuid, nullable=False),
        sa.Column("location_id", sa.Uuid, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_service_at_locations"),
        sa.ForeignKeyConstraint(["service_id"], ["services.id"], name="fk_service_at_locations_service_id_services"),
        sa.ForeignKeyConstraint(
            ["location_id"], ["locations.id"], name="fk_service_at_locations_location_id_locations"
        ),
    )
    op.create_index(op.f("ix_service_at_locations_service_id"), "service_at_locations", ["service_id"])
    op.create_index(op.f("ix_service_at_locations_location_id"), "service_at_locations", ["location_id"])


def _create_members() -> None:
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid, nullable=False),
        *_organization("members"),
        sa.Column("email", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("deputy_id", sa.Uuid),
        sa.Column("version", sa.Integer, nullable=False),
        _moment("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.ForeignKeyConstraint(["deputy_id"], ["members.id"], name="fk_members_deputy_id_members"),
        sa.CheckConstraint("roles <@ ARRAY['adviser', 'recipient', 'coordinator', 'admin']", name="ck_members_roles"),
        sa.CheckConstraint("language IN ('fi', 'sv', 'en')", name="ck_members_language"),
        sa.CheckConstraint("deputy_id <> id", name="ck_members_deputy"),
    )
    op.create_index(op.f("ix_members_organization_id"), "members", ["organization_id"])
    email = sa.text("lower(email)")
    op.create_index("ix_members_email", "members", [email])
    op.create_index("uq_members_organization_id_email", "members", ["organization_id", email], unique=True)


def _create_words() -> None:
    for of, owner in (("service", "services"), ("organization", "organizations")):
        table = f"{of}_words"
        op.create_table(
            table,
            sa.Column(f"{of}_id", sa.Uuid, nullable=False),
            sa.Column("words", TSVECTOR, nullable=False),
            sa.PrimaryKeyConstraint(f"{of}_id", name=f"pk_{table}"),
            sa.ForeignKeyConstraint(
                [f"{of}_id"], [f"{owner}.id"], ondelete="CASCADE", name=f"fk_{table}_{of}_id_{owner}"
            ),
        )
        op.create_index(f"ix_{table}_words", table, ["words"], postgresql_using="gin")
