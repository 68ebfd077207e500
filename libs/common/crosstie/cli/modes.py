"""What `simulate` is asked to make: events, answers or a market; what does not fit is refused."""

from __future__ import annotations

from typing import Final

import typer

_EVENTS: Final = frozenset(
    {"members", "days", "start", "contacts_per_day", "late", "doubled", "authority", "source"}
)
_SENT: Final = frozenset({"url", "key", "platform", "bootstrap", "prefix"})
_OF: Final = {  # by the option that asks for it, what else it heeds
    "": _EVENTS,
    "send": _EVENTS | _SENT | {"as_json"},
    "answer": frozenset({"source", "limit", "pace", "platform", "bootstrap", "prefix"}),
    "as_market": frozenset(
        {"members", "crowding", "popularity", "error", "places", "rounds", "as_json"}
    ),
}
_EVERY: Final = frozenset({"seed"})
_FLAGS: Final = {"send": "--send", "answer": "--answer", "as_market": "--market"}


def only_one(context: typer.Context) -> None:
    """Raises BadParameter where two are asked for, or an option was given that the one does not heed.

    What stands in the environment is there for other commands too, and is never refused.
    """
    asked = [name for name in _FLAGS if context.params[name]]
    if len(asked) > 1:
        flags = " and ".join(_FLAGS[each] for each in asked)
        raise typer.BadParameter(f"{flags} exclude each other: give one of them")
    mode = asked[0] if asked else ""
    heeded = _OF[mode] | _EVERY | {mode}
    for parameter in context.command.params:
        name = parameter.name or ""
        source = context.get_parameter_source(name)
        if name not in heeded and source is not None and source.name == "COMMANDLINE":
            raise typer.BadParameter(_why(name, parameter.opts[0], mode))


def _why(name: str, option: str, mode: str) -> str:
    fits = [_FLAGS.get(each, "events that are printed") for each in _OF if name in _OF[each]]
    here = _FLAGS.get(mode, "events that are printed")
    return f"{option} does nothing with {here}; it is for {' or '.join(fits)}"
