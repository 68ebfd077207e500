"""One role per service.

Roles belong to the whole cluster, not to this database: another database's migration may create
them at this very moment.
"""

from __future__ import annotations

from alembic import op

revision = "roles_0001"
down_revision = None
branch_labels = ("roles",)
depends_on = None

ROLES = ("crosstie_ingestion", "crosstie_profile", "crosstie_matching")

CREATE = """
DO $$ BEGIN
    CREATE ROLE {role} NOLOGIN;
EXCEPTION
    WHEN duplicate_object OR unique_violation THEN NULL;  -- there already, or since a moment
END $$
"""

# A superuser may become any role. Another login that migrates may not become even a role that it
# made (PostgreSQL 16 and later), and services connect with that login.
GRANT = """
DO $$ BEGIN
    IF NOT pg_has_role(current_user, '{role}', 'SET') THEN
        GRANT {role} TO CURRENT_USER WITH SET TRUE;
    END IF;
EXCEPTION
    WHEN unique_violation OR internal_error THEN NULL;  -- granted by another session just now
END $$
"""


def upgrade() -> None:
    for role in ROLES:
        op.execute(CREATE.format(role=role))
        op.execute(GRANT.format(role=role))


def downgrade() -> None:
    """Roles stay: other databases of the cluster may use them."""
