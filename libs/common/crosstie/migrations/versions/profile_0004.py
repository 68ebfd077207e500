"""To which network.v1 the rows of a partition went: one that is made again under its name has none."""

from __future__ import annotations

from alembic import op

revision = "profile_0004"
down_revision = "profile_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE profile.partitions ADD COLUMN network_id text")


def downgrade() -> None:
    op.execute("ALTER TABLE profile.partitions DROP COLUMN network_id")
