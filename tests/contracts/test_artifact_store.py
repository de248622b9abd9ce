"""What every artifact store promises; run on the fake and on the one with files."""

import hashlib
import shutil
import stat
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brewslm.adapters.files.artifact_store import FileArtifactStore
from brewslm.core.artifacts.base import FileRef
from brewslm.core.ids import ProjectId
from brewslm.core.ports.artifact_store import ArtifactStore
from tests.fakes.artifact_store import FolderArtifactStore

ONE = ProjectId(1)
MAKERS: dict[str, Callable[[Path], ArtifactStore]] = {"memory": FolderArtifactStore, "files": FileArtifactStore}


@pytest.fixture(params=list(MAKERS))
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ArtifactStore:
    return MAKERS[request.param](tmp_path / "workspace")


def draft_of(store: ArtifactStore, files: Mapping[str, bytes], project_id: ProjectId = ONE) -> Path:
    draft = store.draft(project_id)
    for name, content in files.items():
        path = draft / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return draft


def visible(folder: Path) -> set[str]:
    """Files that a reader can see: nothing below a hidden folder."""
    relative = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in relative if not any(part.startswith(".") for part in path.parts)}


def test_a_project_has_a_folder_of_its_own(store: ArtifactStore) -> None:
    assert store.project_folder(ONE).is_dir()
    assert store.project_folder(ONE) == store.project_folder(ONE)
    assert store.project_folder(ONE) != store.project_folder(ProjectId(2))


def test_a_draft_is_empty_new_and_invisible(store: ArtifactStore) -> None:
    one, two = store.draft(ONE), store.draft(ONE)
    assert one != two
    assert list(one.iterdir()) == []
    (one / "file").write_bytes(b"x")
    assert visible(store.project_folder(ONE)) == set()


def test_published_files_are_named_by_their_content(store: ArtifactStore) -> None:
    draft = draft_of(store, {"b.txt": b"two", "a/deep.bin": b"one" * 500_000})
    refs = store.publish(ONE, draft, room="snapshots")
    folder = store.project_folder(ONE)
    assert [ref.path.split("/", 2)[2] for ref in refs] == ["a/deep.bin", "b.txt"]
    for ref in refs:
        content = (folder / ref.path).read_bytes()
        assert (ref.size_bytes, ref.sha256) == (len(content), hashlib.sha256(content).hexdigest())
        assert ref.path.startswith("snapshots/")
        assert len(ref.path.split("/")[1]) == 16
    assert visible(folder) == {ref.path for ref in refs}
    assert not draft.exists()


def test_published_files_are_read_only(store: ArtifactStore) -> None:
    (ref,) = store.publish(ONE, draft_of(store, {"a": b"1"}), room="r")
    assert stat.S_IMODE((store.project_folder(ONE) / ref.path).stat().st_mode) == 0o444


def test_equal_content_is_stored_once(store: ArtifactStore) -> None:
    first = store.publish(ONE, draft_of(store, {"a": b"1", "b": b"2"}), room="r")
    inode = (store.project_folder(ONE) / first[0].path).stat().st_ino
    again = draft_of(store, {"b": b"2", "a": b"1"})
    assert store.publish(ONE, again, room="r") == first
    assert not again.exists()
    assert visible(store.project_folder(ONE)) == {ref.path for ref in first}
    assert (store.project_folder(ONE) / first[0].path).stat().st_ino == inode


@pytest.mark.parametrize("other", [{"a": b"2"}, {"b": b"1"}, {"a": b"1", "b": b""}, {"x/a": b"1"}])
def test_other_content_gets_another_place(store: ArtifactStore, other: dict[str, bytes]) -> None:
    first = store.publish(ONE, draft_of(store, {"a": b"1"}), room="r")
    second = store.publish(ONE, draft_of(store, other), room="r")
    assert first[0].path.split("/")[1] != second[0].path.split("/")[1]
    assert len(visible(store.project_folder(ONE))) == 1 + len(other)


def test_a_room_may_lie_within_a_room(store: ArtifactStore) -> None:
    (ref,) = store.publish(ONE, draft_of(store, {"a": b"1"}), room="models/exp-001")
    assert ref.path.startswith("models/exp-001/")
    assert (store.project_folder(ONE) / ref.path).read_bytes() == b"1"


@pytest.mark.parametrize("room", ["", "/etc", "..", "a/../..", ".hidden", "a//b", "a/"])
def test_a_room_has_a_plain_name(store: ArtifactStore, room: str) -> None:
    with pytest.raises(ValueError, match="plain"):
        store.publish(ONE, draft_of(store, {"a": b"1"}), room=room)
    assert visible(store.project_folder(ONE)) == set()


def test_only_a_draft_of_the_project_can_be_published(store: ArtifactStore, tmp_path: Path) -> None:
    strange = tmp_path / "strange"
    strange.mkdir()
    (strange / "a").write_bytes(b"1")
    foreign = draft_of(store, {"a": b"1"}, ProjectId(2))
    for folder in (strange, foreign, store.project_folder(ONE)):
        with pytest.raises(ValueError, match="draft"):
            store.publish(ONE, folder, room="r")
    assert (strange / "a").read_bytes() == b"1"


def test_a_draft_needs_a_file(store: ArtifactStore) -> None:
    draft = store.draft(ONE)
    (draft / "folder").mkdir()
    with pytest.raises(ValueError, match="draft"):
        store.publish(ONE, draft, room="r")


@pytest.mark.parametrize("target", ["/etc/passwd", "a", "folder"])
def test_a_draft_cannot_smuggle_a_link_in(store: ArtifactStore, target: str) -> None:
    draft = draft_of(store, {"a": b"1", "folder/b": b"2"})
    (draft / "link").symlink_to(target)
    with pytest.raises(ValueError, match="draft"):
        store.publish(ONE, draft, room="r")
    assert visible(store.project_folder(ONE)) == set()


def test_files_that_are_there_already_are_referenced(store: ArtifactStore) -> None:
    folder = store.project_folder(ONE) / "experiments" / "exp-001"
    folder.mkdir(parents=True)
    (folder / "one").write_bytes(b"1")
    (folder / "two").write_bytes(b"22")
    two, one = store.reference(ONE, [folder / "two", folder / "one"])
    assert two == FileRef(path="experiments/exp-001/two", size_bytes=2, sha256=hashlib.sha256(b"22").hexdigest())
    assert one.path == "experiments/exp-001/one"


def test_a_reference_stays_inside_the_project(store: ArtifactStore, tmp_path: Path) -> None:
    folder = store.project_folder(ONE)
    (tmp_path / "secret").write_bytes(b"s")
    (folder / "link").symlink_to(tmp_path / "secret")
    (folder / "linked").symlink_to(tmp_path)
    other = store.project_folder(ProjectId(2)) / "file"
    other.write_bytes(b"o")
    outside = (tmp_path / "secret", folder / "link", folder / "linked" / "secret", folder / ".." / "2" / "file", other)
    for path in (*outside, folder / "absent", folder):
        with pytest.raises(ValueError, match=r"project|file"):
            store.reference(ONE, [path])


def test_a_link_within_the_project_is_followed(store: ArtifactStore) -> None:
    folder = store.project_folder(ONE)
    (folder / "real").write_bytes(b"r")
    (folder / "link").symlink_to("real")
    (ref,) = store.reference(ONE, [folder / "link"])
    assert ref.path == "real"


NAMES = st.lists(st.text("abc.-_é", min_size=1, max_size=4).filter(lambda name: name not in {".", ".."}), min_size=1)
TREES = st.dictionaries(
    NAMES.map(lambda parts: "d/" * (len(parts) - 1) + parts[-1] + ".bin"),
    st.binary(max_size=50),
    min_size=1,
    max_size=6,
)


@pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)
@settings(max_examples=10, deadline=None)
@given(files=TREES)
def test_whatever_is_published_comes_back_in_the_same_place(
    make: Callable[[Path], ArtifactStore], files: dict[str, bytes]
) -> None:
    folder = Path(tempfile.mkdtemp())
    try:
        stores = [make(folder / name) for name in ("one", "two")]
        refs = [store.publish(ONE, draft_of(store, files), room="r") for store in stores]
        assert refs[0] == refs[1]
        read = {ref.path.split("/", 2)[2]: (stores[0].project_folder(ONE) / ref.path).read_bytes() for ref in refs[0]}
        assert read == files
    finally:
        shutil.rmtree(folder)


def test_both_stores_choose_the_same_places(tmp_path: Path) -> None:
    stores = [make(tmp_path / name) for name, make in MAKERS.items()]
    one, two = (store.publish(ONE, draft_of(store, {"a": b"1", "b/c": b"2"}), room="r") for store in stores)
    assert one == two
