"""Whether this process is ready, as a series: what its probe answers, for whoever reads metrics alone."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import Gauge

READY = Gauge("crosstie_ready", "1 while the service is ready, 0 while /health/ready says why not")


def follows(unready: Mapping[str, str]) -> None:
    """From now on the series tells whether there is a reason in `unready`."""
    READY.set_function(lambda: 0.0 if unready else 1.0)
