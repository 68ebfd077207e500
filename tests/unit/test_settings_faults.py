"""What is wrong with settings is said at once, by name, with what would be right, and no secret."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from crosstie.settings import Settings
from crosstie.settings_faults import faults

SECRET = "hidden"


def told(**said: str) -> list[str]:
    with pytest.raises(ValidationError) as refused:
        Settings(**said)  # type: ignore[arg-type]
    return faults(refused.value, Settings)


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"CROSSTIE_{name.upper()}", raising=False)


def test_every_variable_that_is_wrong_is_named() -> None:
    url = f"postgresql://me:{SECRET}@db/crosstie?sslmode=verify"
    lines = told(database_url=url, http_port="70000", log_level="loud", vault_key=SECRET)
    assert [each.split()[0].rstrip(":") for each in lines] == [
        "CROSSTIE_KAFKA_BOOTSTRAP",
        "CROSSTIE_DATABASE_URL",
        "CROSSTIE_VAULT_KEY",
        "CROSSTIE_HTTP_PORT",
        "CROSSTIE_LOG_LEVEL",
    ]
    assert "sslmode=verify, must be one of disable," in lines[1]
    assert "'DEBUG', 'INFO', 'WARNING' or 'ERROR'" in lines[4]
    assert SECRET not in "".join(lines)


def test_one_that_is_not_set_is_told_with_what_it_is_for_and_an_example() -> None:
    (line,) = told(database_url="postgresql://me@db/crosstie")
    assert line == (
        "CROSSTIE_KAFKA_BOOTSTRAP is not set: Kafka bootstrap servers, host:port[,host:port]. "
        "For example: export CROSSTIE_KAFKA_BOOTSTRAP='localhost:9092'"
    )


@pytest.mark.parametrize("name", [n for n, f in Settings.model_fields.items() if f.is_required()])
def test_every_setting_that_must_be_given_has_an_example(name: str) -> None:
    assert Settings.model_fields[name].examples
