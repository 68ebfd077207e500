"""What is wrong with settings, all of it at once: what a variable is for, and an example of one not set."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic import BaseModel, ValidationError

SEE = (
    "see docs/operators.md for every setting; `crosstie up` prints those of the system that it runs"
)


def faults(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """A sentence for each variable that is not set or cannot be used; never what it was set to."""
    return [
        _fault(model, str(each["loc"][0]), each["type"], each["msg"]) for each in error.errors()
    ]


def not_set(name: str, meaning: str, example: str, option: str = "") -> str:
    """`name` is missing, which is `meaning`; commands may take it by an option as well."""
    also = f" (nor {option} given)" if option else ""
    return f"{name} is not set{also}: {meaning} For example: export {name}={example}"


def of_setting(model: type[BaseModel], field: str, option: str = "") -> str:
    """That this setting is missing, in the words of its description."""
    about = model.model_fields[field]
    (example,) = about.examples or ("…",)
    return not_set(_variable(field), about.description or "", f"'{example}'", option)


def _fault(model: type[BaseModel], field: str, kind: str, said: str) -> str:
    if kind == "missing":
        return of_setting(model, field)
    said, name = said.removeprefix("Value error, "), _variable(field)
    return said if said.startswith(name) else f"{name}: {said}"


def _variable(field: str) -> str:
    return f"CROSSTIE_{field.upper()}"
