"""When a platform got an authority, or lost it: who was to be told of what, `crosstie check` asks.

Expand only: no service reads it. What a platform was added with, its own row dates.
"""

from __future__ import annotations

from alembic import op

revision = "registry_0003"
down_revision = "registry_0002"
branch_labels = None
depends_on = None

CHANGES = """
CREATE TABLE registry.authority_changes (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    platform text NOT NULL REFERENCES registry.platforms (name) ON DELETE CASCADE,
    authority text NOT NULL,
    added boolean NOT NULL,  -- false: dropped
    at timestamptz NOT NULL DEFAULT clock_timestamp()
)
"""


def upgrade() -> None:
    op.execute(CHANGES)


def downgrade() -> None:
    op.execute("DROP TABLE registry.authority_changes")
