"""A coordinator that does not know yet is no group that never committed."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.errors import GroupLoadInProgressError
from aiokafka.protocol.commit import (
    OffsetFetchRequest,
    OffsetFetchResponse_v1,
    OffsetFetchResponse_v3,
)

from crosstie.runtime.plain_offsets import ask_plainly

PLACE = TopicPartition("t.inbox.v1.members", 0)
LOADING = GroupLoadInProgressError.errno
KAFKA_4: dict[int, tuple[int, int]] = {OffsetFetchRequest.API_KEY: (1, 10)}


async def read(answer: Any) -> Any:
    """What aiokafka makes of a coordinator's answer."""

    async def sent(_request: Any) -> Any:
        return answer

    asking: Any = SimpleNamespace(group_id="readers", _send_req=sent)
    return await GroupCoordinator._do_fetch_commit_offsets(asking, [PLACE])


def test_offsets_are_asked_for_in_version_1() -> None:
    ask_plainly()
    asked = OffsetFetchRequest("readers", [(PLACE.topic, [0])]).prepare(KAFKA_4)
    assert asked.API_VERSION == 1


async def test_in_version_1_a_refusal_is_read() -> None:
    answer = OffsetFetchResponse_v1([(PLACE.topic, [(0, -1, "", LOADING)])])
    with pytest.raises(GroupLoadInProgressError):
        await read(answer)


async def test_in_version_3_it_is_taken_for_no_offset() -> None:
    assert await read(OffsetFetchResponse_v3(0, [], LOADING)) == {}  # else plain_offsets may go
