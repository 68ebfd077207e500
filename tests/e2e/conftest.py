"""A whole system of one test, on the stack that the whole run shares."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from crosstie.runtime.stack import Stack


@pytest.fixture
def environment(stack: Stack, topic_prefix: str, database: str) -> Mapping[str, str]:
    """What `whole_system` needs to know: its own topics and its own database."""
    return system_environment(stack.bootstrap, database, topic_prefix)


def system_environment(bootstrap: str, database: str, prefix: str) -> dict[str, str]:
    return {
        "CROSSTIE_KAFKA_BOOTSTRAP": bootstrap,
        "CROSSTIE_DATABASE_URL": database,
        "CROSSTIE_TOPIC_PREFIX": prefix,
        "CROSSTIE_VAULT_KEY": "Y3Jvc3N0aWUncyBlbmQtdG8tZW5kIHRlc3RzIG9ubHk=",
        "CROSSTIE_CLOCK": "log",
        "CROSSTIE_ROUND_PAUSE_SECONDS": "0.3",
    }
