"""The words of the catalogue with what they resemble, instead of a full-text vector for each service.

What is there is indexed when all migrations have run: `env.py` sees to that.
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables of words, and drop those that they replace."""
    op.create_table(
        "search_words",
        sa.Column("id", sa.Integer, sa.Identity(), nullable=False),
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.Column("written", sa.Text, nullable=False),
        *(sa.Column(name, sa.ARRAY(sa.Text), nullable=False) for name in ("stems", "parts", "trigrams")),
        *(sa.Column(name, sa.Integer, server_default="0", nullable=False) for name in ("services", "organizations")),
        sa.PrimaryKeyConstraint("id", name="pk_search_words"),
        sa.UniqueConstraint("word", name="uq_search_words_word"),
    )
    for name in ("stems", "parts", "trigrams"):
        op.create_index(
            f"ix_search_words_{name}",
            "search_words",
            [name],
            postgresql_using="gin",
            postgresql_with={"fastupdate": "off"},
        )
    for of, owner in (("service", "services"), ("organization", "organizations")):
        table = f"{of}_search_words"
        op.create_table(
            table,
            sa.Column("word_id", sa.Integer, nullable=False),
            sa.Column("owner_id", sa.Uuid, nullable=False),
            *(sa.Column(language, sa.SmallInteger, nullable=False) for language in ("fi", "sv", "en")),
            sa.PrimaryKeyConstraint("word_id", "owner_id", name=f"pk_{table}"),
            sa.ForeignKeyConstraint(["word_id"], ["search_words.id"], name=f"fk_{table}_word_id_search_words"),
            sa.ForeignKeyConstraint(
                ["owner_id"], [f"{owner}.id"], ondelete="CASCADE", name=f"fk_{table}_owner_id_{owner}"
            ),
        )
        op.create_index(f"ix_{table}_owner_id", table, ["owner_id"])
        op.drop_table(f"{of}_words")
