"""Where a given text still stands: every table of the database, every record of every topic.

For the text of an erased person: what has a deadline is noted, anything else is a difference.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import asyncpg

from crosstie.errors import Rejected
from crosstie.logrecord import head_of
from crosstie.replay.book import Audit, Book
from crosstie.replay.sources import Record, Tape
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.usable import usable
from crosstie.sealing import open_sealed
from crosstie.settings import Settings
from crosstie.topics import Topics

COLUMNS = """
SELECT n.nspname, c.relname, a.attname, a.atttypid = 'bytea'::regtype AS bytes
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'm') AND a.attnum > 0 AND NOT a.attisdropped
  AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
ORDER BY 1, 2, 3
"""
WITH_A_DEADLINE = {"profile.quarantine"}


def needles(text: str) -> tuple[bytes, ...]:
    """`text` as it may stand in bytes: plain, and inside JSON with and without escapes."""
    forms = (text, json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1])
    return tuple(dict.fromkeys(form.encode() for form in forms))


def holds(record: Record, wanted: Iterable[bytes], keys: Mapping[str, bytes]) -> bool:
    """Whether a record's key, headers or value hold any of `wanted`, sealed payloads opened."""
    parts = [record.key or b"", record.value or b"", *(value for _, value in record.headers)]
    parts.append(_payload(record, keys))
    return any(each in part for each in wanted for part in parts)


def _payload(record: Record, keys: Mapping[str, bytes]) -> bytes:
    try:
        head = head_of(record.key, record.value, record.headers)
        key = keys.get(head.sealed_subject or "")
        return b"" if key is None else open_sealed(head.value, key, head.source, head.id)
    except Rejected:
        return b""


async def text(
    settings: Settings, connection: asyncpg.Connection[Any], keys: Mapping[str, bytes], wanted: str
) -> Book:
    """No table and no topic holds `wanted`, but where it goes by itself in time."""
    audit = Audit("text", "the given text is nowhere but where it goes by itself")
    forms = needles(wanted)
    await _search_tables(audit, connection, forms)
    topics = await asyncio.to_thread(partitions_of, settings.brokers)
    for name in sorted(name for name in topics if name.startswith(settings.topic_prefix)):
        await _search_topic(audit, settings, name, forms, keys)
    return audit.closed()


async def _search_tables(
    audit: Audit, connection: asyncpg.Connection[Any], forms: tuple[bytes, ...]
) -> None:
    with usable():
        for schema, table, column, is_bytes in await connection.fetch(COLUMNS):
            place = f'"{schema}"."{table}"'
            clause = (
                f'position(n IN "{column}") > 0'
                if is_bytes
                else f"strpos(\"{column}\"::text, convert_from(n, 'UTF8')) > 0"
            )
            found = await connection.fetchval(
                f"SELECT count(*) FROM {place} "
                f"WHERE EXISTS (SELECT FROM unnest($1::bytea[]) n WHERE {clause})",
                list(forms),
            )
            audit.count("columns")
            if found:
                _say(
                    audit,
                    f"{schema}.{table}" in WITH_A_DEADLINE,
                    f"{schema}.{table}.{column}: {found} rows",
                )


async def _search_topic(
    audit: Audit, settings: Settings, name: str, forms: tuple[bytes, ...], keys: Mapping[str, bytes]
) -> None:
    newest: dict[bytes | None, Record] = {}
    found: Counter[int] = Counter()
    first: dict[int, int] = {}
    compacted = name == settings.topics.network.name
    async with Tape(settings, name) as tape:
        async for records in tape.all():
            audit.count("records", len(records))
            for record in records:
                hit = holds(record, forms, keys)
                if compacted:
                    newest.pop(record.key, None)
                    if hit:
                        newest[record.key] = record
                if hit:
                    found[record.partition] += 1
                    first.setdefault(record.partition, record.offset)
    lasting = not has_deadline(settings.topics, name) and not compacted
    for partition, n in sorted(found.items()):
        _say(
            audit, not lasting, f"{name}-{partition}: {n} records, the first at {first[partition]}"
        )
    for record in newest.values():
        audit.differs(f"{name}-{record.partition}@{record.offset}: a newest value")


def has_deadline(topics: Topics, name: str) -> bool:
    """Whether records of that topic go by themselves."""
    return name == topics.dlq.name or name.startswith(
        (topics.inbox_prefix, topics.suggestions("").name)
    )


def _say(audit: Audit, goes: bool, what: str) -> None:
    if goes:
        audit.note(f"{what}; goes by itself")
    else:
        audit.differs(what)
