"""The contact log of examples/sp_invs15 as a platform would send it, each department a sector."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from crosstie import instants
from crosstie.demo.contact import Contact
from crosstie.demo.overlay import Overlay
from crosstie.demo.story import Story
from crosstie.errors import Misconfigured
from crosstie.simulate.stream import cloud_event

EXAMPLE = Path(__file__).parents[4] / "examples" / "sp_invs15"
AUTHORITY, SOURCE = "office", "/examples/sp_invs15"


def contact_log(seed: int, folder: Path = EXAMPLE) -> Story:
    """The log with the overlay. Raises Misconfigured where the files are not."""
    if not (folder / "events.csv.gz").exists():
        raise Misconfigured(
            f"no contact log in {folder}: run this in a checkout of crosstie, "
            "or with --members N for a simulated locality"
        )
    departments = dict(_members(folder))
    contacts = list(_contacts(folder))
    overlay = Overlay(seed, departments, contacts, AUTHORITY)
    told = [*_contact_events(contacts), *overlay.happenings()]
    told.sort(key=lambda each: (each[1], each[0]))
    says = (
        f"Real: {len(contacts)} face-to-face contacts of {len(departments)} people in "
        f"{len(set(departments.values()))} departments of an office over ten working days "
        "(SocioPatterns InVS15, Génois & Barrat 2018, CC0). Invented and laid over it, seed "
        f"{seed}: levels, roles, reporting lines, needs, offers, availability, who pauses, leaves "
        "or is erased, and all answers to suggestions."
    )
    return Story(
        "office",
        AUTHORITY,
        SOURCE,
        tuple(cloud_event(SOURCE, id, at, noun_verb, data) for id, at, noun_verb, data in told),
        says,
    )


def _contact_events(contacts: list[Contact]) -> Iterator[tuple[str, int, str, dict[str, Any]]]:
    for number, contact in enumerate(contacts):
        members = [{"authority": AUTHORITY, "id": each} for each in contact.people]
        data = {"members": members, "channel": "met", "weight": contact.weight}
        yield f"contact-{number}", contact.at, "contact.made", data


def _members(folder: Path) -> Iterator[tuple[str, str]]:
    with (folder / "members.csv").open(newline="") as file:
        yield from ((row["member_id"], row["sector"]) for row in csv.DictReader(file))


def _contacts(folder: Path) -> Iterator[Contact]:
    with gzip.open(folder / "events.csv.gz", "rt", newline="") as file:
        for row in csv.DictReader(file):
            at = instants.from_rfc3339(row["ts"] + "Z")
            yield Contact(at, (row["source_id"], row["target_id"]), int(row["value"]))
