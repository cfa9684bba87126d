"""Chains: referrals that were passed on."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_CHECKS = {
    "chain_depth": "chain_depth BETWEEN 1 AND 5",
    "child_depth": "(parent_id IS NULL) = (chain_depth = 1)",
    "child_root": "(parent_id IS NULL) = (id = root_id)",
    "child_beginning": "(parent_id IS NULL) = (first_source_organization_id IS NULL)"
    " AND (parent_id IS NULL) = (first_source_member_id IS NULL)"
    " AND (parent_id IS NULL) = (root_reference IS NULL)",
}


def upgrade() -> None:
    """Every referral there is becomes the first of a chain of its own."""
    op.add_column("referrals", sa.Column("parent_id", sa.Uuid(), nullable=True))
    op.add_column("referrals", sa.Column("root_id", sa.Uuid(), nullable=True))
    op.add_column("referrals", sa.Column("root_reference", sa.Text(), nullable=True))
    op.add_column("referrals", sa.Column("first_source_organization_id", sa.Uuid(), nullable=True))
    op.add_column("referrals", sa.Column("first_source_member_id", sa.Uuid(), nullable=True))
    op.add_column("referrals", sa.Column("chain_depth", sa.Integer(), nullable=True))
    op.execute("UPDATE referrals SET root_id = id, chain_depth = 1")
    op.alter_column("referrals", "root_id", nullable=False)
    op.alter_column("referrals", "chain_depth", nullable=False)
    op.create_foreign_key("fk_referrals_parent_id_referrals", "referrals", "referrals", ["parent_id"], ["id"])
    for name, condition in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_referrals_{name}"), "referrals", condition)
    op.create_index("ix_referrals_parent_id", "referrals", ["parent_id"])
    op.create_index("ix_referrals_root_id", "referrals", ["root_id"])
