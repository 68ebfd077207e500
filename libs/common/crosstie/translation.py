"""People in an event's data: who is named, and the same data with each by their subject id."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from crosstie.events import Person


def people_in(data: BaseModel) -> Iterator[Person]:
    """Every person that `data` names, doubles included, in order of field."""
    for name in type(data).model_fields:
        value = getattr(data, name)
        if isinstance(value, Person):
            yield value
        elif isinstance(value, list):
            yield from (each for each in value if isinstance(each, Person))


def translate(data: BaseModel, subjects: Mapping[Person, str]) -> dict[str, Any]:
    """The data that goes into the log: only what was sent, each person as their subject id.

    Raises KeyError for a person that `subjects` lacks.
    """

    def named(value: Any) -> Any:
        if isinstance(value, Person):
            return subjects[value]
        if isinstance(value, list):
            return [named(each) for each in value]
        if isinstance(value, BaseModel):
            return value.model_dump(exclude_unset=True)
        return value

    return {
        name: named(getattr(data, name))
        for name in type(data).model_fields
        if name in data.model_fields_set
    }
