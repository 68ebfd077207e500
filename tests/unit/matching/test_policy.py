from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from crosstie.errors import Rejected
from crosstie.matching import policy

Edit = Callable[[dict[str, Any]], object]


def edited(edit: Edit) -> bytes:
    data = json.loads(policy.DEFAULT)
    edit(data)
    return json.dumps(data).encode()


def test_the_default_policy_is_a_policy() -> None:
    assert policy.load(policy.DEFAULT).name == "default"


def test_a_policy_of_the_version_before_is_one_still() -> None:
    assert policy.load(edited(lambda d: d["candidates"].pop("promising"))).candidates.promising == 0


def test_a_digest_names_the_bytes() -> None:
    assert policy.digest(policy.DEFAULT) == policy.digest(bytes(policy.DEFAULT))
    assert policy.digest(policy.DEFAULT) != policy.digest(policy.DEFAULT + b" ")


@pytest.mark.parametrize(
    ("edit", "pointer", "value"),
    [
        (lambda d: d["affinity"].update(busy=99), "/affinity/busy", "99"),
        (lambda d: d["expiry_days"].update(mentoring="x"), "/expiry_days/mentoring", '"x"'),
        (lambda d: d["value"].pop("load"), "/value/load", "(missing)"),
        (lambda d: d.update(colour="red"), "/colour", '"red"'),
        (lambda d: d.update(version=2), "/version", "2"),
        (lambda d: d["mentoring"].update(level_gap=5), "/mentoring/widest_gap", "4"),
        (lambda d: d.pop("least_likeness"), "/least_likeness", "(missing)"),
        (lambda d: d["mentoring"].update(most_a_week=-1), "/mentoring/most_a_week", "-1"),
        (lambda d: d["quotas"].update(cross_sector=1.5), "/quotas/cross_sector", "1.5"),
    ],
)
def test_a_wrong_value_is_rejected_with_its_place(edit: Edit, pointer: str, value: str) -> None:
    with pytest.raises(Rejected) as caught:
        policy.load(edited(edit))
    assert (caught.value.pointer, caught.value.value) == (pointer, value)
    assert caught.value.limit
    assert caught.value.remedy


@pytest.mark.parametrize("data", [b"{", b'{"name":"\xff"}'])
def test_what_is_no_json_is_rejected(data: bytes) -> None:
    with pytest.raises(Rejected):
        policy.load(data)
