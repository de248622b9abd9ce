"""When the Studio is built: where it is missing or older than its sources, and not at every start after a failure."""

import os
from pathlib import Path

import pytest

from launcher.place import Place
from launcher.studio import Studio


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    found = Studio(Place(tmp_path))
    for file in (found.sources / "package-lock.json", found.sources / "src" / "main.tsx", found.page, found.failed):
        file.parent.mkdir(parents=True, exist_ok=True)
    write(found.sources / "package-lock.json", at=100)
    write(found.sources / "src" / "main.tsx", at=100)
    return found


def write(file: Path, *, at: int) -> None:
    file.touch()
    os.utime(file, (at, at))


def test_without_sources_there_is_nothing_to_build(tmp_path: Path) -> None:
    assert Studio(Place(tmp_path)).is_fresh()


def test_what_is_missing_or_older_than_its_sources_is_built(studio: Studio) -> None:
    assert not studio.is_fresh()
    write(studio.page, at=200)
    assert studio.is_fresh()
    write(studio.sources / "src" / "main.tsx", at=300)
    assert not studio.is_fresh()


def test_a_failed_build_is_tried_again_when_asked_or_when_sources_change(studio: Studio) -> None:
    write(studio.failed, at=200)
    assert studio.is_fresh()
    assert not studio.is_fresh(should_try_again=True)
    write(studio.sources / "package-lock.json", at=300)
    assert not studio.is_fresh()
