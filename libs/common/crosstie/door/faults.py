"""All that is wrong with one input, ten faults at most: the first is the refusal, the others go with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from crosstie.door import strict_json
from crosstie.errors import MISSING, Rejected, Withheld

MOST_FAULTS = 10


def together(first: Rejected, rest: Sequence[Callable[[], object]]) -> Rejected:
    """`first`, with the faults that the checks of `rest` find elsewhere, each by itself."""
    found = {first.pointer: first}
    for fault in (*first.others, *_found(rest)):
        if len(found) == MOST_FAULTS:
            break
        found.setdefault(fault.pointer, fault)
    first.others = tuple(found.values())[1:]
    return first


def of_model(error: ValidationError, at: str, remedy: str) -> Rejected:
    """What pydantic found, as pointers below `at`; of values no words, of limits those of our pages."""
    return of_errors(error.errors(include_url=False), at, remedy)


def of_errors(errors: Sequence[ErrorDetails], at: str, remedy: str) -> Rejected:
    """The same of what FastAPI found in a request: path, query or body begins each pointer."""
    faults = [_fault(each, at, remedy) for each in errors[:MOST_FAULTS]]
    faults[0].others = tuple(faults[1:])
    return faults[0]


def _found(checks: Sequence[Callable[[], object]]) -> Iterator[Rejected]:
    for check in checks:
        try:
            check()
        except Rejected as fault:
            yield fault
            yield from fault.others


def _fault(error: ErrorDetails, at: str, remedy: str) -> Rejected:
    pointer = at + "".join(f"/{strict_json.escaped(str(each))}" for each in error["loc"])
    value = Withheld(error.get("input"))
    if error["type"] == "missing":
        return Rejected(pointer, MISSING, "given", f"add it; {remedy}")
    if error["type"] == "extra_forbidden":
        return Rejected(pointer, value, "left out", remedy)
    return Rejected(pointer, value, _limit(error), remedy)


def _limit(error: ErrorDetails) -> str:
    """What is allowed, in the words of docs/events.md where pydantic has others."""
    if error["type"] == "string_pattern_mismatch":
        return f"text of the form {error['ctx']['pattern']}"
    if error["type"] in {"model_type", "model_attributes_type", "dict_type"}:
        return "a JSON object"
    limit = error["msg"].replace("String should have", "text with")
    for opening in ("Input should be ", "Value error, "):
        limit = limit.removeprefix(opening)
    return limit
