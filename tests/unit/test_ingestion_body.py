"""How heavy a body is counted, before it is unpacked."""

from __future__ import annotations

import gzip
import json

from crosstie.runtime.limits import MOST_BODY_BYTES
from services.ingestion import body


def test_a_packed_body_weighs_about_what_it_becomes_and_never_more_than_any_may() -> None:
    plain = json.dumps([{"type": "contact.made", "id": f"{n:09d}"} for n in range(900)]).encode()
    packed = gzip.compress(plain)
    assert body.likely(plain, None) == len(plain)
    assert len(plain) // 4 < body.likely(packed, "gzip") <= MOST_BODY_BYTES
    assert body.likely(b"x" * MOST_BODY_BYTES, "gzip") == MOST_BODY_BYTES
