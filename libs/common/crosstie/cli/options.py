"""Options that several commands take."""

from __future__ import annotations

from typing import Annotated

import typer

Bootstrap = Annotated[
    str,
    typer.Option(
        envvar="CROSSTIE_KAFKA_BOOTSTRAP",
        help="Kafka, host:port[,host:port]; it must be given.",
        show_default=False,
    ),
]
Prefix = Annotated[
    str, typer.Option(envvar="CROSSTIE_TOPIC_PREFIX", help="Begins every topic's name.")
]
