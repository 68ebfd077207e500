"""Unmistakable secrets and words, and services as processes whose every word is kept."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.services.ingestion_world import event, eventually, joined, person

WORDS = "CANARYwords"
DATABASE_PASSWORD = "CANARYdatabase"
KAFKA_PASSWORD = "CANARYkafka"
VAULT_KEY = b"CANARYvault".ljust(32, b"v")
PEPPER = b"CANARYpepper".ljust(32, b"p")
SECRET = "CA7A47" * 11  # of an API key that nobody has
SPELLINGS = tuple(
    spelling
    for text in (WORDS, DATABASE_PASSWORD, KAFKA_PASSWORD, VAULT_KEY[:12], PEPPER[:12])
    for raw in (text if isinstance(text, bytes) else text.encode(),)
    for spelling in (raw.decode(), base64.b64encode(raw)[:-4].decode(), raw.hex())
)


def sound(name: str = "ada") -> list[dict[str, Any]]:
    """What may pass, with words wherever a member may write some."""
    words = dict.fromkeys(("sector", "profession", "role", "organisation", "place"), WORDS)
    described = {"member": person(name), **words, "interests": [WORDS]}
    posted = {"member": person(name), "item": "n1", "text": f"{WORDS} is what I need"}
    available = {"introductions_per_week": 3, "wishes": {"sectors": [WORDS]}}
    return [
        joined(name),
        event("member.described", described),
        event("need.posted", posted, id=f"known-{name}"),
        event("offer.posted", posted | {"item": "o1"}),
        event("availability.set", {"member": person(name)} | available),
    ]


def spoiled() -> list[bytes]:
    """The same words where they should not stand, one event each."""
    good = sound()[2]
    data = good["data"]
    wrong: list[Any] = [
        WORDS,
        [WORDS],
        good | {"data": WORDS},
        good | {"data": [WORDS]},
        good | {"data": data | {"text": WORDS * 60}},
        good | {"data": data | {"text": [WORDS]}},
        good | {"data": data | {"text": WORDS + "\0"}},
        good | {"data": data | {"text": WORDS + "\ud800"}},
        good | {"data": data | {"note": WORDS}},
        good | {"data": data | {"item": f"{WORDS} {WORDS}"}},
        good | {"data": data | {"member": WORDS}},
        good | {"data": data | {"member": {"authority": WORDS, "id": WORDS}}},
        event("member.described", {"member": person("ada"), "level": WORDS}),
        event("member.described", {"member": person("ada"), "interests": [WORDS] * 30}),
        event("member.joined", {"member": person("ada"), "consent": WORDS}),
        event("contact.made", {"members": [person("ada"), person("bob")], "channel": WORDS}),
        event(
            "contact.made", {"members": [person("ada")] * 2, "channel": "met", "x": {"y": WORDS}}
        ),
    ]
    texts = [json.dumps(each).encode() for each in wrong]
    text = json.dumps(good).encode()
    return [
        *texts,
        text[: text.index(b"CANARY") + 9],
        text.replace(b"words", b"words\xff"),
        text.replace(b'"text"', b"text"),
        text.replace(b'"text": ', b'"text": "' + WORDS.encode() + b'", "text": '),
        text.replace(b'"text": "', b'"text": "\x01'),
        text.replace(b'"item"', b'"n": NaN, "item"'),
        text + WORDS.encode(),
        WORDS.encode(),
    ]


def untold(text: str, *secrets: str) -> None:
    """None of the planted words is in it, in any spelling, nor is one of `secrets`."""
    for each in (*SPELLINGS, SECRET[:40], *secrets):
        at = text.lower().find(each.lower())
        assert at < 0, text[max(0, at - 600) : at + 200]


@dataclass
class Told:
    """A service as a process; all it says on stdout and stderr is in `file`."""

    process: subprocess.Popen[bytes]
    file: Path

    def text(self) -> str:
        return self.file.read_text(errors="replace")

    def said(self, event: str) -> list[dict[str, Any]]:
        lines = self.text().rpartition("\n")[0].splitlines()
        read = [json.loads(each) for each in lines if each.startswith("{")]
        return [each for each in read if each["event"] == event]

    async def url(self) -> str:
        (line, *_) = await eventually(lambda: self.said("listening"), seconds=60)
        return str(line["url"])


@contextlib.contextmanager
def told(name: str, file: Path, environment: dict[str, str]) -> Iterator[Told]:
    """The service of that name, killed at the end."""
    command = [sys.executable, "-m", f"services.{name}"]
    with file.open("wb") as out:
        process = subprocess.Popen(command, env=os.environ | environment, stdout=out, stderr=out)
    try:
        yield Told(process, file)
    finally:
        process.kill()
        process.wait()


def environment(bootstrap: str, database: str, prefix: str, **more: str) -> dict[str, str]:
    """Settings with every secret that there is."""
    return {
        "CROSSTIE_KAFKA_BOOTSTRAP": bootstrap,
        "CROSSTIE_DATABASE_URL": database,
        "CROSSTIE_TOPIC_PREFIX": prefix,
        "CROSSTIE_VAULT_KEY": base64.b64encode(VAULT_KEY).decode(),
        "CROSSTIE_API_KEY_PEPPER": base64.b64encode(PEPPER).decode(),
        "CROSSTIE_LOG_LEVEL": "DEBUG",
    } | more
