"""The head of the ledger, its rounds and suggestions, and what waits to be published."""

from __future__ import annotations

from alembic import op

revision = "matching_0001"
down_revision = None
branch_labels = ("matching",)
depends_on = "roles_0001"

LEDGER = """
CREATE SCHEMA matching;

-- one row: the last round; every commit compares and swaps it
CREATE TABLE matching.head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    n bigint NOT NULL DEFAULT 0,
    at bigint NOT NULL DEFAULT 0,
    digest text NOT NULL DEFAULT '',
    published_n bigint NOT NULL DEFAULT 0,
    CHECK (published_n <= n)
);
INSERT INTO matching.head DEFAULT VALUES;

CREATE TABLE matching.rounds (
    n bigint PRIMARY KEY,
    body bytea NOT NULL,      -- the round as in rounds.v1
    summary json NOT NULL     -- the same without its changes, for lists
);

CREATE TABLE matching.suggestions (
    id text COLLATE "C" PRIMARY KEY,
    state text NOT NULL,
    seq integer NOT NULL,
    members text[] COLLATE "C" NOT NULL,
    round bigint NOT NULL,    -- that made it
    platforms text[] NOT NULL,  -- that were told when it was made, and are told of every change
    body json NOT NULL
);
CREATE INDEX suggestions_of_members ON matching.suggestions USING gin (members)
    WHERE state IN ('open', 'accepted');

-- the matcher's memory after round n, so that a start need not fold every round there ever was
CREATE TABLE matching.ledgers (n bigint PRIMARY KEY, body bytea NOT NULL);

CREATE TABLE matching.policies (digest text PRIMARY KEY, body bytea NOT NULL);
CREATE TABLE matching.bases (digest text PRIMARY KEY, body bytea NOT NULL);
"""

PUBLISHING = """
-- records of rounds that are not out yet, as they will stand in Kafka
CREATE TABLE matching.outbox (
    n bigint NOT NULL,
    i integer NOT NULL,
    topic text NOT NULL,
    key bytea NOT NULL,
    headers json NOT NULL,
    value bytea NOT NULL,
    PRIMARY KEY (n, i)
);

-- what operators ask of the leader
CREATE TABLE matching.control (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    paused boolean NOT NULL DEFAULT false,
    full_wanted bigint NOT NULL DEFAULT 0,  -- counts requests for a full round
    full_done bigint NOT NULL DEFAULT 0     -- the request that the last full round answered
);
INSERT INTO matching.control DEFAULT VALUES;
"""

RIGHTS = """
GRANT USAGE ON SCHEMA matching TO crosstie_matching;
GRANT SELECT, UPDATE ON matching.head, matching.control TO crosstie_matching;
GRANT SELECT, INSERT ON matching.rounds, matching.policies, matching.bases TO crosstie_matching;
GRANT SELECT, INSERT, UPDATE ON matching.suggestions TO crosstie_matching;
GRANT SELECT, INSERT, DELETE ON matching.outbox, matching.ledgers TO crosstie_matching;
"""


def upgrade() -> None:
    op.execute(LEDGER)
    op.execute(PUBLISHING)
    op.execute(RIGHTS)


def downgrade() -> None:
    op.execute("DROP SCHEMA matching CASCADE")
