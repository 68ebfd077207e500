"""OpenAPI documents of the services' HTTP, from the routes themselves."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import Any

from pydantic import SecretStr

from crosstie.settings import Settings

SERVICES = ("ingestion", "profile", "matching")


def documents() -> dict[str, dict[str, Any]]:
    """The document of each service that is there to ask; building one opens no connection."""
    settings = Settings(
        kafka_bootstrap="localhost:9092",
        database_url=SecretStr("postgresql://localhost/crosstie"),
        vault_key=SecretStr("A" * 43 + "="),
    )
    return {
        name: import_module(f"services.{name}.app").build(settings).api.openapi()
        for name in SERVICES
        if find_spec(f"services.{name}.app")
    }
