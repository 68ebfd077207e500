"""Sets as strangers bring them: read aright, or refused with file, line, value and remedy."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from crosstie.cli import app
from crosstie.errors import Misconfigured
from crosstie.evaluate.dataset import Dataset, read
from crosstie.evaluate.protocol import split
from crosstie.evaluate.ranking import compare
from crosstie.evaluate.times import moments
from crosstie.instants import SECOND_US

MEMBERS = "member_id,sector,level\n" + "".join(f"m{n},s{n % 2},{1 + n % 3}\n" for n in range(8))
EVENTS = "ts,source_id,target_id,kind\n" + "".join(
    f"{n},m{n % 8},m{(3 * n + 1) % 8},met\n" for n in range(16) if (3 * n + 1 - n) % 8
)
ORDINAL = {"ts_type": "ordinal"}


def written(
    folder: Path,
    members: str | bytes = MEMBERS,
    events: str | bytes = EVENTS,
    meta: object = ORDINAL,
) -> Path:
    folder.mkdir(exist_ok=True)
    for name, said in (("members.csv", members), ("events.csv", events)):
        (folder / name).write_bytes(said if isinstance(said, bytes) else said.encode())
    (folder / "meta.json").write_text(meta if isinstance(meta, str) else json.dumps(meta))
    return folder


def timed(folder: Path, times: Sequence[object], **meta: object) -> Dataset:
    rows = (f"{time},m{n % 8},m{(n + 1) % 8},met\n" for n, time in enumerate(times))
    text = "ts,source_id,target_id,kind\n" + "".join(rows)
    return read(written(folder, events=text, meta={**ORDINAL, **meta}))


def plain(folder: Path) -> Dataset:
    return read(written(folder))


@pytest.mark.parametrize(
    "dressed",
    [
        pytest.param(lambda text: b"\xef\xbb\xbf" + text.encode(), id="byte order mark"),
        pytest.param(lambda text: text.replace("\n", "\r\n").encode(), id="carriage returns"),
        pytest.param(lambda text: text.encode() + b"\n   \n,,\n\n", id="blank lines"),
        pytest.param(
            lambda text: text.replace("met", '"met"').replace("m1", '"m1"').encode(), id="quotes"
        ),
    ],
)
def test_a_set_is_the_same_however_it_was_saved(tmp_path: Path, dressed: object) -> None:
    assert callable(dressed)
    saved = read(written(tmp_path / "saved", dressed(MEMBERS), dressed(EVENTS)))
    as_is = plain(tmp_path / "plain")
    assert saved.members == as_is.members
    ends = [(each.source, each.target, each.kind) for each in saved.events]
    assert ends == [(each.source, each.target, each.kind) for each in as_is.events]


@pytest.mark.parametrize(
    ("members", "events", "meta", "said"),
    [
        (MEMBERS.replace(",", "\t"), EVENTS, ORDINAL, r"members.csv lacks the column member_id"),
        ("", EVENTS, ORDINAL, r"members.csv is empty, must have a header with member_id"),
        (MEMBERS + "m0,s1,1\n", EVENTS, ORDINAL, r'line 10 of .* "m0", as line 2 is'),
        (MEMBERS + ",s1,1\n", EVENTS, ORDINAL, r"line 10 of .*members.csv has no member_id"),
        (MEMBERS + "Ann, Lee,s1,1\n", EVENTS, ORDINAL, r"line 10 .* has 4 fields, must be 3"),
        (MEMBERS.encode() + b"zo\xeb,s1,1\n", EVENTS, ORDINAL, r"line 10 of .* is not UTF-8"),
        (MEMBERS.replace("level", "sector"), EVENTS, ORDINAL, r'has two columns "sector"'),
        (MEMBERS, EVENTS + "9\n", ORDINAL, r'events.csv is between "" and "", .* lacks ""'),
        (MEMBERS, EVENTS + "9,m1,zz,met\n", ORDINAL, r'line 18 of .* lacks "zz"'),
        (MEMBERS, EVENTS + '9,"m1,m2,met\n' + EVENTS, ORDINAL, r"line 18 of .* is no CSV"),
        (MEMBERS, EVENTS + "9,m1,m2," + "9" * 200_000, ORDINAL, r"line 18 of .* is no CSV"),
        (MEMBERS, EVENTS, "{not json", r"meta.json: .*line 1 column 2"),
        (MEMBERS, EVENTS, "[1]", r"meta.json: Expected `object`, got `array`"),
        (MEMBERS, EVENTS, {"tie_kinds": "met"}, r"Expected `array .*tie_kinds"),
        (MEMBERS, EVENTS, {"min_value": "1"}, r"Expected `float .*min_value"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    tmp_path: Path, members: str | bytes, events: str | bytes, meta: object, said: str
) -> None:
    with pytest.raises(Misconfigured, match=said) as refused:
        read(written(tmp_path, members, events, meta))
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("packed", [b"no gzip", gzip.compress(EVENTS.encode())[:-20]])
def test_what_cannot_be_unpacked_is_named(tmp_path: Path, packed: bytes) -> None:
    written(tmp_path)
    (tmp_path / "events.csv").unlink()
    (tmp_path / "events.csv.gz").write_bytes(packed)
    with pytest.raises(Misconfigured, match=r"events.csv.gz cannot be read"):
        read(tmp_path)


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    (written(tmp_path) / "events.csv").unlink()
    (tmp_path / "events.csv").mkdir()
    with pytest.raises(Misconfigured, match=r"events.csv cannot be read"):
        read(tmp_path)


def test_a_file_in_place_of_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r"members.csv is no folder"):
        read(written(tmp_path) / "members.csv")


def test_what_makes_no_tie_is_said_beside_what_there_is(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match=r'tie_kinds .* \["email"\].* kinds are \["met"\]'):
        split(read(written(tmp_path, meta={"tie_kinds": ["email"]})))


@pytest.mark.parametrize("unit", [1, 10**3, 10**6, 10**9])
def test_unix_times_are_told_by_their_size(tmp_path: Path, unit: int) -> None:
    data = timed(tmp_path, [(1_577_836_800 + n) * unit for n in range(3)])
    assert moments(data, [0, 1, 2]) == [(1_577_836_800 + n) * SECOND_US for n in range(3)]
    assert split(data).mode == "temporal"


def test_a_set_with_unix_times_is_ranked(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    rows = [
        f"{1_577_836_800 + n * 3600},m{a},m{b},met\n"
        for n, (a, b) in enumerate(draw.choice(8, 2, replace=False) for _ in range(30))
    ]
    text = "ts,source_id,target_id,kind\n" + "".join(rows)
    result = compare(written(tmp_path, events=text), 3)
    assert result.training_events == 21


def test_times_with_other_offsets_are_put_in_order(tmp_path: Path) -> None:
    times = ["2020-01-01T03:00:00+05:00", "2020-01-01T01:00:00+00:00", "2020-01-01T00:30:00Z"]
    assert split(timed(tmp_path, times, ts_type="iso")).training.tolist() == [0, 2]


def test_months_are_times(tmp_path: Path) -> None:
    data = timed(tmp_path, ["2020-02", "2020-01", "2019-12"], ts_type="iso")
    assert split(data).training.tolist() == [1, 2]


@pytest.mark.parametrize("times", [["3", "", "2"], ["2020-01-02", "", "2020-01-01"]])
def test_what_has_no_time_was_there_from_the_first(tmp_path: Path, times: list[str]) -> None:
    data = timed(tmp_path, times, ts_type="iso")
    assert split(data).training.tolist() == [1, 2]
    first, without, least = moments(data, [0, 1, 2])
    assert without == least < first
    assert moments(data, [1]) == [0]


@pytest.mark.parametrize(
    ("times", "kind", "said"),
    [
        (["1", "x", "3"], "ordinal", r'line 3 of .*events.csv is "x", must be a number .*random'),
        (["1", "", "3"], "wave", r'line 3 of .*events.csv is "", must be the number of a wave'),
        (["1", "nan", "3"], "ordinal", r'line 3 of .* is "nan", must be a number'),
        (["1", "2", "1e300"], "ordinal", r'line 4 of .* is "1e300", must be a number below 1e20'),
        (["2020-01-01", "01/02/2020"], "iso", r'line 3 of .* is "01/02/2020", must be an ISO'),
        (["2020-01-01", "2020-01-02"], "wave", r"line 2 of .*, must be the number of a wave"),
    ],
)
def test_times_that_are_none_are_named(
    tmp_path: Path, times: list[str], kind: str, said: str
) -> None:
    with pytest.raises(Misconfigured, match=said):
        split(timed(tmp_path, times, ts_type=kind))


def test_who_is_hidden_at_random_needs_no_times_and_no_kinds(tmp_path: Path) -> None:
    bare = "\n".join(line.split(",", 1)[1].rsplit(",", 1)[0] for line in EVENTS.splitlines())
    cut = split(read(written(tmp_path, events=bare, meta={})))
    assert cut.mode == "random"
    assert cut.testing > 0


def test_a_broken_folder_does_not_lose_the_others(tmp_path: Path) -> None:
    first, last = written(tmp_path / "[first]"), written(tmp_path / "last")
    broken = written(tmp_path / "broken", members="name\n")
    folders = [str(each) for each in (first, broken, last)]
    done = CliRunner().invoke(app, ["evaluate", *folders, "--json", "--k", "2"])
    assert done.exit_code == 1
    assert [json.loads(line)["dataset"] for line in done.stdout.splitlines()] == [
        "[first]",
        "last",
    ]
    assert "broken/members.csv lacks the column member_id" in done.stderr
    shown = CliRunner().invoke(app, ["evaluate", *folders, "--k", "2"])
    assert shown.exit_code == 1
    assert "[first]" in shown.stdout
    assert "ours / best baseline" in shown.stdout


def test_a_seed_below_nothing_is_refused(tmp_path: Path) -> None:
    done = CliRunner().invoke(app, ["evaluate", str(written(tmp_path)), "--seed", "-1"])
    assert done.exit_code == 2
