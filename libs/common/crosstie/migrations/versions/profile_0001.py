"""What profile keeps: how far each partition of the log is folded, and the rows it folded to."""

from __future__ import annotations

from alembic import op

revision = "profile_0001"
down_revision = None
branch_labels = ("profile",)
depends_on = ("roles_0001", "registry_0001")

DELIVERY = """
CREATE SCHEMA profile;

-- `epoch` grows with every take-over; whoever holds an older one changes nothing
CREATE TABLE profile.partitions (
    partition integer PRIMARY KEY,
    topic_id text NOT NULL,  -- tells the log from a namesake
    epoch bigint NOT NULL DEFAULT 1,
    next_offset bigint NOT NULL DEFAULT 0,
    published_offset bigint NOT NULL DEFAULT 0,
    latest bigint NOT NULL DEFAULT 0,  -- greatest event time so far, microseconds
    CHECK (published_offset <= next_offset)
);

-- identities of events (digests) and of their bodies, within the horizon of duplicates
CREATE TABLE profile.inbox (
    partition integer NOT NULL,
    identity bytea NOT NULL,
    body bytea NOT NULL,
    watermark bigint NOT NULL,
    PRIMARY KEY (partition, identity)
);
CREATE INDEX inbox_by_age ON profile.inbox USING brin (watermark);

CREATE TABLE profile.quarantine (
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    topic text NOT NULL,
    reason text NOT NULL,
    key bytea,      -- bytes go after 30 days, the rest is part of the fold's input
    value bytea,
    headers json,   -- [[name, base64], ...]
    at timestamptz NOT NULL DEFAULT now(),
    replay text NOT NULL,  -- the command that sends it through again
    PRIMARY KEY (topic, partition, "offset")
);
"""

ROWS = """
-- `state` is the row as it stands in network.v1, byte for byte (json keeps the text);
-- null marks an erasure until its tombstone is out; `version` is the log's offset it reflects
CREATE TABLE profile.members (
    subject text COLLATE "C" PRIMARY KEY,
    partition integer NOT NULL,
    version bigint NOT NULL,
    state json
) WITH (fillfactor = 80);
CREATE INDEX members_unpublished ON profile.members (partition, version);

CREATE TABLE profile.ties (
    a text COLLATE "C" NOT NULL,
    b text COLLATE "C" NOT NULL,
    partition integer NOT NULL,
    version bigint NOT NULL,
    state json,
    PRIMARY KEY (a, b),
    CHECK (a < b)
) WITH (fillfactor = 80);
CREATE INDEX ties_of_b ON profile.ties (b);
CREATE INDEX ties_unpublished ON profile.ties (partition, version);
"""

RIGHTS = """
GRANT USAGE ON SCHEMA profile TO crosstie_profile;
GRANT SELECT, INSERT, UPDATE ON profile.partitions TO crosstie_profile;
GRANT SELECT, INSERT, UPDATE, DELETE ON profile.inbox, profile.members TO crosstie_profile;
GRANT SELECT, INSERT, UPDATE ON profile.ties, profile.quarantine TO crosstie_profile;
"""


def upgrade() -> None:
    op.execute(DELIVERY)
    op.execute(ROWS)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP SCHEMA profile CASCADE")
