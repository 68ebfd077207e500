"""Platforms, API keys and the vault: who may send, and who is who.

The vault's rights are the least that works: only ingestion adds people and retires them, only
profile takes a row out (in the transaction that folds the erasure), matching never sees a key.
"""

from __future__ import annotations

from alembic import op

revision = "registry_0001"
down_revision = None
branch_labels = ("registry",)
depends_on = "roles_0001"

REGISTRY = """
CREATE SCHEMA registry;
CREATE TABLE registry.platforms (
    name text PRIMARY KEY CHECK (name ~ '^[a-z0-9-]{1,40}$'),
    sources text[] NOT NULL CHECK (cardinality(sources) > 0),
    authorities text[] NOT NULL CHECK (cardinality(authorities) > 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE registry.api_keys (
    id text PRIMARY KEY,
    platform text NOT NULL REFERENCES registry.platforms (name) ON DELETE CASCADE,
    hash bytea NOT NULL CHECK (octet_length(hash) = 32),  -- SHA-256 of the secret
    created_at timestamptz NOT NULL DEFAULT now(),
    revoked_at timestamptz
);
CREATE INDEX api_keys_of_platform ON registry.api_keys (platform);
GRANT USAGE ON SCHEMA registry TO crosstie_ingestion, crosstie_profile, crosstie_matching;
GRANT SELECT ON registry.platforms, registry.api_keys
    TO crosstie_ingestion, crosstie_profile, crosstie_matching;
"""

VAULT = """
CREATE SCHEMA vault;
CREATE TABLE vault.subjects (
    subject text COLLATE "C" PRIMARY KEY CHECK (subject ~ '^[A-Z2-7]{16}$'),
    authority text NOT NULL,
    external_id text NOT NULL,
    wrapped_key bytea NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    retired_at timestamptz
);
-- one subject per person at a time; a retired one waits for profile to fold the erasure
CREATE UNIQUE INDEX subjects_of_people ON vault.subjects (authority, external_id)
    WHERE retired_at IS NULL;

-- who was erased as of which event time, by keyed digest: it names nobody. What is dated up to
-- `time` about that person is refused from then on, so a retry never brings the erased back.
-- subject, source and id are kept until the erasure stands in the log, then nulled.
CREATE TABLE vault.erasures (
    person bytea NOT NULL CHECK (octet_length(person) = 32),
    time bigint NOT NULL,  -- microseconds since 1970
    subject text COLLATE "C",
    source text,
    id text,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (person, time)
);
CREATE INDEX erasures_not_logged ON vault.erasures (at) WHERE subject IS NOT NULL;

GRANT USAGE ON SCHEMA vault TO crosstie_ingestion, crosstie_profile, crosstie_matching;
GRANT SELECT, INSERT, UPDATE (retired_at) ON vault.subjects TO crosstie_ingestion;
GRANT SELECT, DELETE ON vault.subjects TO crosstie_profile;
GRANT SELECT (subject, authority, external_id, retired_at) ON vault.subjects TO crosstie_matching;
GRANT SELECT, INSERT, UPDATE (subject, source, id), DELETE ON vault.erasures TO crosstie_ingestion;
"""


def upgrade() -> None:
    op.execute(REGISTRY)
    op.execute(VAULT)


def downgrade() -> None:
    op.execute("DROP SCHEMA vault CASCADE")
    op.execute("DROP SCHEMA registry CASCADE")
