"""Refused records whose 30 days are over are found by an index: most are empty by then."""

from __future__ import annotations

from alembic import op

revision = "profile_0002"
down_revision = "profile_0001"
branch_labels = None
depends_on = None

KEPT = """
CREATE INDEX quarantine_kept ON profile.quarantine (at)
WHERE key IS NOT NULL OR value IS NOT NULL OR headers IS NOT NULL
"""


def upgrade() -> None:
    op.execute(KEPT)


def downgrade() -> None:
    op.execute("DROP INDEX profile.quarantine_kept")
