"""The body of a preview: read as strictly as events are, and never repeated in what is said of it."""

from __future__ import annotations

import pytest
from fastapi import HTTPException
from fastapi.responses import JSONResponse

from crosstie.events import Person
from services.matching.previewed import Asked
from services.matching.routes import _asked

ADA = b'"person":{"authority":"members","id":"ada"}'


def test_a_person_and_a_limit_are_read() -> None:
    ada = Person(authority="members", id="ada")
    assert _asked(b"{%b}" % ADA) == Asked(person=ada)
    assert _asked(b'{"limit":50,%b}' % ADA) == Asked(person=ada, limit=50)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "/ is "),
        (b"{", "/ is "),
        (b"\xff", '/ is "byte 0xff at position 0"'),
        (b"[" * 100_000, '/ is "deeper nesting"'),
        (b"null", "/ is null, must be a JSON object"),
        (b"[]", "/ is a list of 0, must be a JSON object"),
        (b"{}", "/person is (missing), must be given"),
        (b'{%b,"limit":51}' % ADA, "/limit is 51, must be less than or equal to 50"),
        (b'{%b,"limit":true}' % ADA, "/limit is true, must be a valid integer"),
        (b'{%b,"limit":"10"}' % ADA, "/limit is text of 2 characters, must be"),
        (b'{%b,"limit":1.5}' % ADA, "/limit is 1.5, must be a valid integer"),
        (b'{%b,"limit":1,"limit":2}' % ADA, "/ is \"two of 'limit'\""),
        (b'{%b,"limit":1e999}' % ADA, '/limit is "inf"'),
        (b'{%b,"a/b":1}' % ADA, "/a~1b is 1, must be left out"),
        (b'{%b,"\\ud800":1}' % ADA, "/? is "),
        (b'{"person":{"authority":"members","id":"my words"}}', "/person/id is text of 8"),
        (b'{"person":"my words"}', "/person is text of 8 characters, must be"),
    ],
)
def test_what_is_wrong_is_said_without_the_words_that_were_sent(body: bytes, said: str) -> None:
    with pytest.raises(HTTPException) as refused:
        _asked(body)
    assert refused.value.status_code == 422
    assert refused.value.detail.startswith(said)
    assert "my words" not in refused.value.detail
    JSONResponse({"detail": refused.value.detail})  # can be sent


def test_all_that_is_wrong_is_said() -> None:
    with pytest.raises(HTTPException) as refused:
        _asked(b'{"person":{"authority":"NO","id":"my words"},"limit":0,"most":3}')
    for pointer in ("/person/authority", "/person/id", "/limit", "/most"):
        assert f"{pointer} is " in refused.value.detail
    assert "my words" not in refused.value.detail
