"""All SQL of the matching service, each statement with the invariant it keeps."""

from __future__ import annotations

LEADER_LOCK = 0x6D61746368696E67  # "matching": of all advisory locks in the database, the leader's

TRY_TO_LEAD = "SELECT pg_try_advisory_lock($1)"
STILL_HERE = "SELECT 1"  # keeps a session that holds something from being idle

HEAD = "SELECT n, at, digest, published_n FROM matching.head"

ADVANCE = """
-- fence: no row means that someone else decided round n
UPDATE matching.head SET n = $1, at = $2, digest = $3
WHERE n = $1 - 1 AND digest = $4
RETURNING 1
"""

ADD_ROUND = "INSERT INTO matching.rounds (n, body, summary) VALUES ($1, $2, $3)"

PUT_SUGGESTIONS = """
-- platforms are those told when it was made: they are told of every change
INSERT INTO matching.suggestions (id, state, seq, members, round, platforms, body)
SELECT id, state, seq, ARRAY(SELECT json_array_elements_text(members)), round,
    ARRAY(SELECT json_array_elements_text(platforms)), body
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::json[], $5::bigint[], $6::json[], $7::json[])
    AS s (id, state, seq, members, round, platforms, body)
ON CONFLICT (id) DO UPDATE SET state = excluded.state, seq = excluded.seq, body = excluded.body
"""

TOLD = "SELECT id, platforms FROM matching.suggestions WHERE id = ANY($1)"

KEEP_POLICY = """
INSERT INTO matching.policies (digest, body) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING
"""
KEEP_BASE = """
INSERT INTO matching.bases (digest, body) VALUES ($1, $2) ON CONFLICT (digest) DO NOTHING
"""

NEWEST_BASE = "SELECT body FROM matching.bases ORDER BY ordinal DESC LIMIT 1"
READ_BY_ROUND = """
-- $2: the base that is known already
SELECT rounds.summary->'offsets' AS offsets, bases.digest,
    CASE WHEN bases.digest = $2 THEN NULL ELSE bases.body END AS body
FROM matching.rounds JOIN matching.bases ON bases.digest = rounds.summary->>'base'
WHERE rounds.n = $1
"""

KEEP_LEDGER = "INSERT INTO matching.ledgers (n, body) VALUES ($1, $2) ON CONFLICT DO NOTHING"
DROP_OLDER_LEDGERS = "DELETE FROM matching.ledgers WHERE n < $1"
NEWEST_LEDGER = "SELECT n, body FROM matching.ledgers ORDER BY n DESC LIMIT 1"

ROUNDS_AFTER = "SELECT body FROM matching.rounds WHERE n > $1 ORDER BY n LIMIT $2"
ROUNDS_UPTO = "SELECT body FROM matching.rounds WHERE n <= $1 ORDER BY n DESC LIMIT $2"

BODIES = """
-- rounds in order: those after $1 up to $2
SELECT n, body FROM matching.rounds WHERE n > $1 AND n <= $2 ORDER BY n LIMIT $3
"""

PUT_IMAGES = """
INSERT INTO matching.outbox (n, i, topic, key, headers, value)
SELECT * FROM unnest($1::bigint[], $2::integer[], $3::text[], $4::bytea[], $5::json[], $6::bytea[])
"""
UNPUBLISHED = """
-- rounds in order, each round's images in theirs; those after image ($2, $3)
SELECT n, i, topic, key, headers, value FROM matching.outbox
WHERE n <= $1 AND (n, i) > ($2, $3) ORDER BY n, i LIMIT $4
"""
UNPUBLISHED_TOPICS = "SELECT DISTINCT topic FROM matching.outbox WHERE n <= $1 ORDER BY topic"
PUBLISHED = """
UPDATE matching.head SET published_n = greatest(published_n, $1) WHERE n >= $1
"""
DROP_IMAGES = "DELETE FROM matching.outbox WHERE n <= $1"

CONTROL = "SELECT paused, full_wanted, full_done FROM matching.control"
PAUSE = "UPDATE matching.control SET paused = $1"
WANT_FULL = "UPDATE matching.control SET full_wanted = full_wanted + 1"
FULL_DONE = "UPDATE matching.control SET full_done = greatest(full_done, $1)"

SUMMARIES = "SELECT summary FROM matching.rounds ORDER BY n DESC LIMIT $1"
ROUND = "SELECT body FROM matching.rounds WHERE n = $1"

LIVE_OF_MEMBER = """
SELECT body FROM matching.suggestions
WHERE members @> ARRAY[$1::text] AND state IN ('open', 'accepted')
ORDER BY round DESC, id
"""

PERSON_OF = """
SELECT subject, authority, external_id FROM vault.subjects
WHERE subject = ANY($1) AND retired_at IS NULL
"""
SUBJECT_OF = """
SELECT subject FROM vault.subjects
WHERE authority = $1 AND external_id = $2 AND retired_at IS NULL
"""
