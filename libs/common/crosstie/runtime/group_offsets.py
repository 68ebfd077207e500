"""How far a consumer group has read a topic, asked by somebody who is not in it.

Through aiokafka: librdkafka 2.16 asks this of whoever is no coordinator any more, while brokers
come and go, and ends the process (its issue is known: OffsetFetch without a consumer group).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError

from crosstie.brokers import Brokers
from crosstie.errors import BrokerAway, Misconfigured
from crosstie.runtime.admin import partitions_of
from crosstie.runtime.plain_offsets import ask_plainly
from crosstie.runtime.stopping import stop

PATIENCE_SECONDS = 60.0


class Hidden(Misconfigured):
    """Our user may not see how far the group is."""


async def committed(
    brokers: Brokers,
    group: str,
    topic: str,
    partitions: Iterable[int] | None = None,
    limit_seconds: float = PATIENCE_SECONDS,
) -> dict[int, int]:
    """The offset of each of these partitions (by default all), 0 where the group told none.

    Asks without joining the group. Raises BrokerAway, Hidden.
    """
    if partitions is None:
        partitions = range((await asyncio.to_thread(partitions_of, brokers))[topic])
    ask_plainly()
    asked = [TopicPartition(topic, each) for each in partitions]
    consumer = AIOKafkaConsumer(**brokers.aiokafka(), group_id=group, enable_auto_commit=False)
    try:
        async with asyncio.timeout(limit_seconds):  # aiokafka itself would ask for ever
            await consumer.start()
            consumer.assign(asked)
            return {each.partition: await consumer.committed(each) or 0 for each in asked}
    except GroupAuthorizationFailedError as error:
        raise Hidden(
            f"our user may not see how far {group} is: let it describe that group"
        ) from error
    except (KafkaError, OSError, AssertionError) as error:
        # TimeoutError is an OSError; aiokafka asserts that some broker is there, and one whose
        # controller has just given it up names none, not even itself
        raise BrokerAway(f"cannot ask how far {group} is: {type(error).__name__}") from error
    finally:
        await stop(consumer)
