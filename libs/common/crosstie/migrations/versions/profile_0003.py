"""A batch names the rows that it changed until they are out: no index follows every row's version.

Where no indexed column changes, an update stays on its page and touches no index at all. A worker of
the version before writes no names and looks through the tables instead: slower, and as right.
"""

from __future__ import annotations

from alembic import op

revision = "profile_0003"
down_revision = "profile_0002"
branch_labels = None
depends_on = None

UNPUBLISHED = """
CREATE TABLE profile.unpublished (
    partition integer NOT NULL,
    start bigint NOT NULL,
    "end" bigint NOT NULL,  -- offsets of the batch; names of random letters are not compressed in vain
    members text[] STORAGE EXTERNAL NOT NULL,
    a text[] STORAGE EXTERNAL NOT NULL,
    b text[] STORAGE EXTERNAL NOT NULL,
    PRIMARY KEY (partition, "end")
);
GRANT SELECT, INSERT, DELETE ON profile.unpublished TO crosstie_profile;
DROP INDEX profile.members_unpublished;
DROP INDEX profile.ties_unpublished;
"""

FOLLOWED = """
CREATE INDEX members_unpublished ON profile.members (partition, version);
CREATE INDEX ties_unpublished ON profile.ties (partition, version);
DROP TABLE profile.unpublished;
"""


def upgrade() -> None:
    op.execute(UNPUBLISHED)


def downgrade() -> None:
    op.execute(FOLLOWED)
