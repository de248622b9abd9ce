"""Saved mappings: versions by name, never changed, never outside of their room."""

import pytest

from brewslm.core.artifacts.mapping import MappingPlan, MappingSpec
from brewslm.core.artifacts.schema import ColumnMap
from brewslm.core.errors import ArtifactDamagedError, InvalidRequestError, NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.services.data.mappings import Mappings
from tests.unit.scene import Scene

ONE = MappingSpec(shape="qa", columns=ColumnMap(prompt="q", completion="a"))
TWO = MappingSpec(shape="qa", columns=ColumnMap(prompt="q", completion="b"))


@pytest.fixture
def mappings(scene: Scene) -> Mappings:
    return Mappings(scene.ports)


def test_every_change_is_a_version_and_the_same_again_is_none(scene: Scene, mappings: Mappings) -> None:
    project = scene.project.id
    assert [mappings.save(project, "faq", spec).version for spec in (ONE, ONE, TWO, ONE)] == [1, 1, 2, 3]
    assert mappings.get(project, "faq").spec == ONE
    assert mappings.get(project, "faq@2").spec == TWO
    assert mappings.get(project, "faq", 1).spec_hash == mappings.get(project, "faq", 3).spec_hash
    assert [(one.name, one.version) for one in mappings.newest(project)] == [("faq", 3)]


def test_a_plan_is_saved_without_its_snapshot(scene: Scene, mappings: Mappings) -> None:
    plan = MappingPlan(snapshot_id=ArtifactId("snapshot-0123456789abcdef"), **dict(ONE))
    assert mappings.save(scene.project.id, "faq", plan).spec == ONE


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "a\\b", "../x", "%2e%2e", "a.b", "-a", "a" * 65, "a\0b", "ä"])
def test_a_name_never_becomes_a_path(scene: Scene, mappings: Mappings, name: str) -> None:
    with pytest.raises(InvalidRequestError, match="cannot name a mapping"):
        mappings.save(scene.project.id, name, ONE)
    with pytest.raises(InvalidRequestError, match="cannot name a mapping"):
        mappings.get(scene.project.id, name)


@pytest.mark.parametrize("name", ["none", "faq@7", "faq@0"])
def test_what_was_never_saved_is_not_found(scene: Scene, mappings: Mappings, name: str) -> None:
    mappings.save(scene.project.id, "faq", ONE)
    with pytest.raises(NotFoundError, match="saved are: faq"):
        mappings.get(scene.project.id, name)
    with pytest.raises(NotFoundError):
        mappings.newest(ProjectId(404))


@pytest.mark.parametrize("damage", ["{", '{"name": "faq"}'])
def test_a_damaged_file_is_named(scene: Scene, mappings: Mappings, damage: str) -> None:
    mappings.save(scene.project.id, "faq", ONE)
    path = scene.ports.store.project_folder(scene.project.id) / "mappings" / "faq" / "v0001.json"
    whole = path.read_text()
    path.write_text(damage)
    with pytest.raises(ArtifactDamagedError, match="version 1 of the mapping 'faq'"):
        mappings.get(scene.project.id, "faq")
    path.write_text(whole.replace('"q"', '"z"'))
    with pytest.raises(ArtifactDamagedError, match="does not match its hash"):
        mappings.get(scene.project.id, "faq")
