"""A whole system of one test, on the stack that the whole run shares."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crosstie.runtime.stack import Stack

SYSTEM: dict[str, str] = {
    "CROSSTIE_VAULT_KEY": "Y3Jvc3N0aWUncyBlbmQtdG8tZW5kIHRlc3RzIG9ubHk=",
    "CROSSTIE_CLOCK": "log",
    "CROSSTIE_ROUND_PAUSE_SECONDS": "0.3",
}


@pytest.fixture
def environment(stack: Stack, topic_prefix: str, database: str) -> Mapping[str, str]:
    """What `whole_system` needs to know: its own topics and its own database."""
    return SYSTEM | {
        "CROSSTIE_KAFKA_BOOTSTRAP": stack.bootstrap,
        "CROSSTIE_DATABASE_URL": database,
        "CROSSTIE_TOPIC_PREFIX": topic_prefix,
    }
