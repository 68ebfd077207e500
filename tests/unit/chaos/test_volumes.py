"""A volume can be filled to the last byte and emptied again; without the right to mount it says so."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from crosstie.chaos import volumes
from crosstie.chaos.volumes import Volume, volume

MEBIBYTE = 1 << 20


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Volume]:
    with volume(tmp_path / "small", megabytes=4) as made:
        if not made.own:
            pytest.skip("this user may not mount")
        yield made


def test_a_full_volume_takes_not_a_byte_until_it_is_emptied(small: Volume) -> None:
    assert 3 * MEBIBYTE < small.fill() <= 4 * MEBIBYTE
    with pytest.raises(OSError, match="No space left") as full:
        (small.path / "more").write_bytes(b"x")
    assert full.value.errno == errno.ENOSPC
    small.empty()
    (small.path / "more").write_bytes(b"x" * MEBIBYTE)


def test_what_is_freed_meanwhile_is_taken_too(small: Volume) -> None:
    (small.path / "there").write_bytes(b"x" * MEBIBYTE)
    small.fill()
    (small.path / "there").unlink()
    assert small.fill() >= MEBIBYTE
    assert small.fill() == 0


def test_it_is_gone_afterwards(tmp_path: Path) -> None:
    with volume(tmp_path / "small", megabytes=1) as made:
        (made.path / "there").touch()
    if made.own:
        assert [*made.path.iterdir()] == []


def test_without_the_right_to_mount_it_is_a_directory_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volumes, "_ran", lambda *_: False)
    with volume(tmp_path / "plain", megabytes=1) as made:
        assert made.path.is_dir()
        assert not made.own
