"""What a flood tells by an inbox is what it tells over HTTP."""

from __future__ import annotations

from itertools import islice

from crosstie.chaos.told import Told
from crosstie.client.inbox import record_of


def test_records_are_those_of_the_contacts_past_the_last_pair_and_from_anywhere_on() -> None:
    told = Told("urn:flood", "flood", 5, 1_577_836_800_000_000)  # 20 pairs
    for first in (0, 7):
        contacts = (record_of(each) for each in islice(told.contacts(first), 50))
        expected = [(key, value, dict(headers)) for key, value, headers in contacts]
        assert [*islice(told.records(first), 50)] == expected
