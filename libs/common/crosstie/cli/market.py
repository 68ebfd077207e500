"""`crosstie simulate --market`: expected matches and exposure, ours beside other ways of making lists."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from crosstie.simulate.market.measures import Outcome
    from crosstie.simulate.market.preferences import Setting

REFERENCE = "product"


def show(
    people: int,
    seed: int,
    crowding: float,
    popularity: str,
    error: float,
    places: int,
    *,
    as_json: bool,
) -> None:
    """Play the market and print what came of it."""
    from crosstie.simulate.market.measures import outcomes
    from crosstie.simulate.market.preferences import Setting

    setting = Setting(people, seed, crowding, popularity, error, places)
    results = list(outcomes(setting))
    reference = next(each.matches for each in results if each.way == REFERENCE)
    if as_json:
        methods = {
            each.way: {key: value for key, value in asdict(each).items() if key != "way"}
            | {"times_product": each.matches / reference}
            for each in results
        }
        json.dump({**asdict(setting), "methods": methods}, sys.stdout)
        print()
    else:
        Console().print(_table(setting, results, reference))


def _table(setting: Setting, results: list[Outcome], reference: float) -> Table:
    table = Table(
        title=f"{setting.people} x {setting.people}, popularity {setting.popularity}, "
        f"crowding {setting.crowding:g}, error {setting.error:g}, {setting.places} places",
        caption="expected mutual matches; Gini of exposure; exposure to the popular few; "
        "expected matches of whoever has fewest; people with under .05",
    )
    table.add_column("lists by", no_wrap=True)
    for name in ("matches", "x product", "Gini", "to the few", "least", "under .05"):
        table.add_column(name, justify="right")
    for each in results:
        table.add_row(
            each.way,
            f"{each.matches:.1f}",
            f"{each.matches / reference:.2f}",
            f"{each.exposure_gini:.3f}",
            f"{each.popular_share:.0%}",
            f"{each.least:.3f}",
            str(each.without),
        )
    return table
