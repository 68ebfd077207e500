"""What a key may do: label, sources, scopes, expiry, rate; and how its hash was made.

Expand only: services of the version before read and write the table as they did. Keys they add are
hashed without the pepper (scheme 0) and stay valid.
"""

from __future__ import annotations

from alembic import op

revision = "registry_0002"
down_revision = "registry_0001"
branch_labels = None
depends_on = None

KEYS = """
ALTER TABLE registry.api_keys
    ADD COLUMN scheme smallint NOT NULL DEFAULT 0 CHECK (scheme IN (0, 1)),
    ADD COLUMN label text NOT NULL DEFAULT '' CHECK (length(label) <= 80),
    ADD COLUMN sources text[] CHECK (cardinality(sources) > 0),
    ADD COLUMN scopes text[] NOT NULL DEFAULT '{read,write}'
        CHECK (cardinality(scopes) > 0 AND scopes <@ '{read,write}'),
    ADD COLUMN expires_at timestamptz,
    ADD COLUMN rate double precision CHECK (rate > 0)
"""


def upgrade() -> None:
    op.execute(KEYS)


def downgrade() -> None:
    op.execute("DELETE FROM registry.api_keys WHERE scheme <> 0")  # nobody could check these
    op.execute(
        "ALTER TABLE registry.api_keys DROP COLUMN scheme, DROP COLUMN label, "
        "DROP COLUMN sources, DROP COLUMN scopes, DROP COLUMN expires_at, DROP COLUMN rate"
    )
