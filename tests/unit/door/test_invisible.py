"""No id of a person, a platform or an authority holds what is not seen: nobody passes for another."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from pydantic import TypeAdapter, ValidationError

from crosstie.errors import Rejected
from crosstie.events import ItemId, Person
from crosstie.registry import checked

# formats (zero-width, bidi, tags), spaces, ends of lines, marks that are laid over a letter
CATEGORIES = ("Cc", "Cf", "Zl", "Zp", "Zs", "Mn", "Me")
UNSEEN = [
    each
    for each in map(chr, range(sys.maxunicode + 1))
    if unicodedata.category(each) in CATEGORIES or each in "\u3164\uffa0\u2800\u115f"
]
ITEM: TypeAdapter[str] = TypeAdapter(ItemId)


def refused(value: str) -> bool:
    """Whether it is no id at either door, nor a name that an operator may give."""
    for person in ({"authority": value, "id": "x"}, {"authority": "x", "id": value}):
        with pytest.raises(ValidationError):
            Person.model_validate(person)
    with pytest.raises(ValidationError):
        ITEM.validate_python(value)
    for platform in ((value, ["/x"], ["x"]), ("x", [value], ["x"]), ("x", ["/x"], [value])):
        with pytest.raises(Rejected):
            checked(*platform)
    return True


@pytest.mark.parametrize("where", ["a{}b", "{}a", "a{}"], ids=["amid", "before", "after"])
def test_what_is_not_seen_is_in_no_id_and_no_name(where: str) -> None:
    assert {"\u200b", "\u202e", "\u2066", "\ufeff", "\u00ad", "\n"} <= set(UNSEEN)
    assert all(refused(where.format(each)) for each in UNSEEN)


@pytest.mark.parametrize("like", ["\u0430", "\uff41", "\u0661", "\u212a", "\u0131"])
def test_nor_is_what_looks_like_another_letter_or_digit(like: str) -> None:
    assert refused(like)
