"""`crosstie simulate --market`: ours beside other ways of making lists, at once or over many rounds."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from crosstie.errors import Misconfigured

if TYPE_CHECKING:
    from crosstie.simulate.market.measures import Outcome
    from crosstie.simulate.market.overtime import Season
    from crosstie.simulate.market.preferences import Setting

REFERENCE = "product"
OURS = "crosstie"
MOST_ROUNDS = 100


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


def show_rounds(people: int, seed: int, rounds: int, *, as_json: bool) -> None:
    """Play weekly rounds of a locality in every way; exit code 1 where ours broke a promise."""
    from crosstie.matching import policy
    from crosstie.simulate.learner import Learner
    from crosstie.simulate.market.overtime import days, seasons
    from crosstie.simulate.market.rivals import RANKS, rival
    from crosstie.simulate.scenario import Scenario

    if not 2 <= rounds <= MOST_ROUNDS:
        raise Misconfigured(f"rounds is {rounds}, must be 2 to {MOST_ROUNDS}")
    rules = policy.load(policy.DEFAULT)
    scenario = Scenario(members=people, seed=seed, days=days(rounds))
    ways = {OURS: None} | {name: rival(rank) for name, rank in RANKS.items()}
    found = list(seasons(scenario, rules, rounds, ways, lambda: Learner(rules)))
    ours = next(each for each in found if each.way == OURS)
    broken = ours.broken(rules)
    if as_json:
        told = {each.way: asdict(each) | _summary(each) for each in found}
        body = {"people": people, "seed": seed, "rounds": rounds, "ways": told, "broken": broken}
        json.dump(body, sys.stdout)
        print()
    else:
        Console().print(_seasons(people, rounds, found))
        Console().print(_weeks(ours))
        print("weeks with time and nothing to look at, and how often:", _waiting(ours))
    if broken:
        print("\n".join(f"broken: {each}" for each in broken), file=sys.stderr)
        raise typer.Exit(1)


def _summary(season: Season) -> dict[str, float]:
    early, late = (
        {
            f"{what}_{when}": season.share(what, early=when == "first")
            for what in ("agreed", "lonely")
        }
        for when in ("first", "last")
    )
    return early | late | {"agreed_a_round": season.agreed, "longest_wait": season.longest}


def _seasons(people: int, rounds: int, found: list[Season]) -> Table:
    table = Table(
        title=f"{people} people, {rounds} weekly rounds",
        caption="introductions a round that both accepted; their share of what was made, and the "
        "share that only one accepted, in the first rounds and the last; least share across sectors "
        "of what was live; most that one of the most senior had in hand, of what they have time "
        "for; people over their time in the worst round; longest wait, weeks; Gini of what people got",
    )
    table.add_column("chosen by", no_wrap=True)
    for name in ("agreed", "share", "one side", "sectors", "senior", "over", "wait", "Gini"):
        table.add_column(name, justify="right")
    for each in found:
        shares = (
            f"{each.share(what, early=True):.0%} > {each.share(what, early=False):.0%}"
            for what in ("agreed", "lonely")
        )
        table.add_row(
            each.way,
            f"{each.agreed:.0f}",
            *shares,
            f"{min(week.standing_cross_sector for week in each.weeks):.0%}",
            f"{max(week.senior_load for week in each.weeks):.1f}",
            str(max(week.over for week in each.weeks)),
            str(each.longest),
            f"{each.agreed_gini:.2f}",
        )
    return table


def _weeks(season: Season) -> Table:
    table = Table(title=f"{season.way}, round by round")
    for name in ("round", "made", "agreed", "one side", "sectors", "senior", "waiting"):
        table.add_column(name, justify="right")
    for week in season.weeks:
        table.add_row(
            str(week.round),
            str(week.made),
            f"{week.agreed / max(week.made, 1):.0%}",
            f"{week.lonely / max(week.made, 1):.0%}",
            f"{week.standing_cross_sector:.0%}",
            f"{week.senior_load:.1f}",
            str(sum(count for weeks, count in week.without.items() if weeks)),
        )
    return table


def _waiting(season: Season) -> str:
    return ", ".join(f"{weeks}: {count}" for weeks, count in season.waiting.items())
