"""Variables that read like settings of ours and are none: each is told, with the name that may be meant.

They stop nobody. A version that is rolled back is given the settings of the newer one, and who runs us
may have variables of their own under our prefix, as Kubernetes has for Services called `crosstie-...`.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping

PREFIX = "CROSSTIE_"
OF_CLIENTS = ("CROSSTIE_URL", "CROSSTIE_API_KEY")  # commands read them, and no service
# what Kubernetes sets in every pod for each Service of its name space, unless `enableServiceLinks: false`
_LINK = re.compile(
    r"\w+_SERVICE_(HOST|PORT(_\w+)?)|\w+_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?"
)
_LINKED = re.compile(r"(tcp|udp|sctp)://.*")  # what it sets NAME_PORT to


def unknown(environment: Mapping[str, str], fields: Iterable[str]) -> list[str]:
    """A sentence for each variable that no setting of `fields` has; never what it is set to."""
    known = [*(f"{PREFIX}{field.upper()}" for field in fields), *OF_CLIENTS]
    return [
        _told(name, known)
        for name, value in sorted(environment.items())
        if (said := name.upper()).startswith(PREFIX) and said not in known
        if not _is_link(name, value)
    ]


def _is_link(name: str, value: str) -> bool:
    """Not by the end of its name alone: CROSSTIE_HTP_PORT is a mistake."""
    linked = name.endswith("_PORT") and _LINKED.fullmatch(value)
    return bool(linked or _LINK.fullmatch(name))


def _told(name: str, known: list[str]) -> str:
    bare = [each.removeprefix(PREFIX) for each in known]
    near = difflib.get_close_matches(name.upper().removeprefix(PREFIX), bare, 1)
    meant = f"did you mean {PREFIX}{near[0]}? Rename it, or unset it" if near else "unset it"
    return f"{name} is set, but no setting has this name, so it does nothing: {meant}"
