"""Tables of the referral service as an older version leaves them, made out of the newest ones."""

from typing import Final

from shared.database.migrations import revisions

OLDER: Final = revisions("referral")[-2]
"""The migration before the newest"""

# What the newest one makes has to be taken away here as well, unless it can run once more.
MAKE_OLDER: Final = f"ALTER TABLE stream_losses DROP COLUMN intact; UPDATE alembic_version SET version_num = '{OLDER}'"
