"""Every statement of profile. `profile.partitions` is the fence: see docs/adr on delivery."""

from __future__ import annotations

TAKE = """
-- no row: the partition was filled from a topic with another id
INSERT INTO profile.partitions AS p (partition, topic_id) VALUES ($1, $2)
ON CONFLICT (partition) DO UPDATE SET epoch = p.epoch + 1 WHERE p.topic_id = $2
RETURNING epoch, next_offset, latest
"""

AIM = """
-- in a topic that was made again under its name there are no rows yet: all of them go out anew
UPDATE profile.partitions
SET published_offset = CASE WHEN network_id <> $3 THEN 0 ELSE published_offset END, network_id = $3
WHERE partition = $1 AND epoch = $2
RETURNING 1
"""

HOLDER = """
SELECT epoch, next_offset, published_offset, latest FROM profile.partitions WHERE partition = $1
"""

DATA_KEYS = "SELECT subject, wrapped_key FROM vault.subjects WHERE subject = ANY($1::text[])"

SEEN = """
SELECT identity, body, watermark FROM profile.inbox
WHERE partition = $1 AND identity = ANY($2::bytea[])
"""

MEMBERS = "SELECT subject, state FROM profile.members WHERE subject = ANY($1::text[])"

TIES = """
-- of each that there is, its place among those asked for
SELECT k.n, t.state
FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (a, b, n)
JOIN profile.ties t ON t.a = k.a AND t.b = k.b
"""

COMMIT = """
-- One statement, so that a process that stops in the middle of sending it holds no lock.
-- Everything hangs on the fence: no row there, and nothing is written. Where it holds, nobody
-- changed the partition since its rows were read, so a tie or identity that was not there is new.
WITH fence AS (
    UPDATE profile.partitions SET next_offset = $4, latest = $5
    WHERE partition = $1 AND epoch = $2 AND next_offset = $3
    RETURNING partition
), remembered AS (
    INSERT INTO profile.inbox (partition, identity, body, watermark)
    SELECT f.partition, i.identity, i.body, i.watermark
    FROM fence f, unnest($6::bytea[], $7::bytea[], $8::bigint[]) AS i (identity, body, watermark)
), renewed AS (  -- past the horizon; it may be pruned meanwhile
    INSERT INTO profile.inbox (partition, identity, body, watermark)
    SELECT f.partition, i.identity, i.body, i.watermark
    FROM fence f, unnest($9::bytea[], $10::bytea[], $11::bigint[]) AS i (identity, body, watermark)
    ON CONFLICT (partition, identity)
    DO UPDATE SET body = excluded.body, watermark = excluded.watermark
), members AS (  -- a marker of an erasure may go meanwhile
    INSERT INTO profile.members (subject, partition, version, state)
    SELECT m.subject, f.partition, $4, m.state
    FROM fence f, unnest($12::text[], $13::json[]) AS m (subject, state)
    ON CONFLICT (subject) DO UPDATE SET version = excluded.version, state = excluded.state
), new_ties AS (
    INSERT INTO profile.ties (a, b, partition, version, state)
    SELECT t.a, t.b, f.partition, $4, t.state
    FROM fence f, unnest($14::text[], $15::text[], $16::json[]) AS t (a, b, state)
), changed_ties AS (
    UPDATE profile.ties t SET version = $4, state = c.state
    FROM fence f, unnest($17::text[], $18::text[], $19::json[]) AS c (a, b, state)
    WHERE t.a = c.a AND t.b = c.b
), unpublished AS (
    INSERT INTO profile.unpublished (partition, start, "end", members, a, b)
    SELECT f.partition, $3, $4, $12::text[], $14::text[] || $17::text[], $15::text[] || $18::text[]
    FROM fence f
), quarantined AS (
    INSERT INTO profile.quarantine
        (partition, topic, "offset", reason, key, value, headers, replay)
    SELECT f.partition, $20, q."offset", q.reason, q.key, q.value, q.headers, q.replay
    FROM fence f, unnest($21::bigint[], $22::text[], $23::bytea[], $24::bytea[], $25::json[],
        $26::text[]) AS q ("offset", reason, key, value, headers, replay)
    ON CONFLICT DO NOTHING
), forgotten AS (
    DELETE FROM vault.subjects USING fence WHERE subject = ANY($27::text[])
)
SELECT count(*) FROM fence
"""

CHANGED = """
-- rows that batches past $2 changed, as far as these batches have named any
SELECT start, "end", members, a, b FROM profile.unpublished WHERE partition = $1 AND "end" > $2
"""

UNPUBLISHED = """
SELECT 'member/' || subject AS key, state FROM profile.members
WHERE partition = $1 AND version > $2 AND subject = ANY($3::text[])
UNION ALL
SELECT 'tie/' || t.a || '/' || t.b, t.state
FROM (SELECT DISTINCT * FROM unnest($4::text[], $5::text[])) AS k (a, b)
JOIN profile.ties t ON t.a = k.a AND t.b = k.b
WHERE t.partition = $1 AND t.version > $2
ORDER BY key
"""

MARKERS = """
-- of erasures, by reading the whole table
SELECT 'member/' || subject AS key FROM profile.members
WHERE partition = $1 AND version > $2 AND state IS NULL
ORDER BY key
"""

UNNAMED = """
-- by reading whole tables, in their order: for a topic that was made again, and for batches of a
-- worker of an older version, which names no rows
SELECT 'member/' || subject AS key, state FROM profile.members
WHERE partition = $1 AND version > $2 AND state IS NOT NULL
UNION ALL
SELECT 'tie/' || a || '/' || b, state FROM profile.ties
WHERE partition = $1 AND version > $2
"""

PUBLISHED = """
-- a stale epoch notes nothing; the markers go only once their tombstones are out
WITH fence AS (
    UPDATE profile.partitions SET published_offset = greatest(published_offset, $3)
    WHERE partition = $1 AND epoch = $2
    RETURNING partition
), out AS (
    DELETE FROM profile.unpublished u USING fence f
    WHERE u.partition = f.partition AND u."end" <= $3
), removed AS (
    DELETE FROM profile.members m USING fence f
    WHERE m.partition = f.partition AND m.state IS NULL AND m.subject = ANY($4::text[])
        AND m.version <= $3
)
SELECT count(*) FROM fence
"""

COUNT_MEMBERS = "SELECT count(*) FROM profile.members WHERE state IS NOT NULL"

PRUNE_INBOX = """
DELETE FROM profile.inbox i USING profile.partitions p
WHERE p.partition = i.partition AND i.partition = $1 AND i.watermark < p.latest - $2
"""

PRUNE_QUARANTINE = """
-- where there is anything left of the record: any part of it may have been null as it came
UPDATE profile.quarantine SET key = NULL, value = NULL, headers = NULL
WHERE (key IS NOT NULL OR value IS NOT NULL OR headers IS NOT NULL)
    AND at < now() - interval '30 days'
"""

SET_ASIDE = """
SELECT topic, partition, "offset", reason, at, key, value, headers, replay
FROM profile.quarantine
ORDER BY topic, partition, "offset"
"""

SUBJECT_OF = """
SELECT subject FROM vault.subjects
WHERE authority = $1 AND external_id = $2 AND retired_at IS NULL
"""

PEOPLE = """
SELECT subject, authority, external_id FROM vault.subjects
WHERE subject = ANY($1::text[]) AND authority = ANY($2::text[]) AND retired_at IS NULL
"""

TIES_OF = """
-- a page, ascending by the other end: those after $2, at most $3
(SELECT b AS other, state FROM profile.ties WHERE a = $1 AND b > $2 ORDER BY b LIMIT $3)
UNION ALL
(SELECT a AS other, state FROM profile.ties WHERE b = $1 AND a > $2 ORDER BY a LIMIT $3)
ORDER BY other LIMIT $3
"""

TIES_BEYOND = """
-- each tie once; of each end at most $2: a hub takes no room from the others
SELECT DISTINCT ON (a, b) a, b, state::text
FROM unnest($1::text[]) AS ends (subject)
CROSS JOIN LATERAL (
    (SELECT a, b, state FROM profile.ties WHERE a = subject ORDER BY b LIMIT $2)
    UNION ALL
    (SELECT a, b, state FROM profile.ties WHERE b = subject ORDER BY a LIMIT $2)
    LIMIT $2
) AS theirs
ORDER BY a, b
"""

POPULATION = r"""
-- joined and consenting; json functions refuse the escape of NUL, so such a row is passed over
WITH said AS (
    SELECT CASE WHEN strpos(state::text, '\u0000') = 0 THEN state -> 'facts' END AS facts
    FROM profile.members
    WHERE state IS NOT NULL
)
SELECT facts -> 'sector' ->> 0 AS sector, facts -> 'level' ->> 0 AS level, count(*) AS people
FROM said
WHERE facts -> 'joined' ->> 0 = 'true' AND facts -> 'consent' ->> 0 = 'true'
GROUP BY 1, 2
"""

LATEST = "SELECT coalesce(max(latest), 0) FROM profile.partitions"
