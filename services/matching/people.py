"""Who subjects are to the outside, and which platforms hear of them; the vault, kept a minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from crosstie import registry
from crosstie.events import Person
from crosstie.runtime.database import transient
from services.matching import sql

_KEPT_SECONDS = 60.0
_MOST_KEPT = 200_000


Asking = Callable[[], AbstractAsyncContextManager[Any]]  # a connection to ask on


class People:
    """Look-ups in vault and registry. Raises DatabaseAway."""

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._known: dict[str, tuple[float, Person]] = {}

    async def named(self, subjects: Collection[str]) -> dict[str, Person]:
        """Each subject as the outside knows them; those retired or erased are left out."""
        now = time.monotonic()
        missing = [each for each in subjects if self._known.get(each, (0.0,))[0] < now]
        if missing:
            await self._look_up(missing, now + _KEPT_SECONDS)
        return {each: self._known[each][1] for each in subjects if each in self._known}

    async def subject(self, authority: str, id: str) -> str | None:
        """The subject of a person, None when nobody is known by that name."""
        with transient():
            async with self._asking() as connection:
                return await connection.fetchval(sql.SUBJECT_OF, authority, id)  # type: ignore[no-any-return]

    async def platforms(self) -> list[registry.Platform]:
        """Every platform, in order of name."""
        with transient():
            async with self._asking() as connection:
                return await registry.every(connection)

    async def _look_up(self, subjects: list[str], until: float) -> None:
        if len(self._known) > _MOST_KEPT:
            self._known.clear()
        for each in subjects:
            self._known.pop(each, None)
        with transient():
            async with self._asking() as connection:
                rows = await connection.fetch(sql.PERSON_OF, subjects)
        for subject, authority, id in rows:
            self._known[subject] = (until, Person(authority=authority, id=id))


def told(
    members: Collection[str], people: Mapping[str, Person], platforms: Collection[registry.Platform]
) -> tuple[str, ...]:
    """Platforms whose authorities include that of one of the members, in order of name."""
    authorities = {people[each].authority for each in members if each in people}
    return tuple(sorted(each.name for each in platforms if each.authorities & authorities))
