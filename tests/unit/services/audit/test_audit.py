"""The audit names what does not fit, over the fakes."""

import hashlib
from pathlib import Path

import pytest

from brewslm.core.artifacts.base import Artifact, ArtifactRecord, FileRef
from brewslm.core.artifacts.schema import Schema
from brewslm.core.artifacts.snapshot import Snapshot
from brewslm.core.errors import NotFoundError
from brewslm.core.ids import ArtifactId, ProjectId
from brewslm.core.job import Job
from brewslm.services.audit.audit import Audit
from tests.fakes.artifact_store import FolderArtifactStore
from tests.fakes.ledger import NOW, fill
from tests.fakes.rows import State
from tests.fakes.storage import MemoryStorage

ONE = ProjectId(1)


class House:
    """A ledger and a store with a snapshot of two files and what was made from it."""

    def __init__(self, folder: Path) -> None:
        self.storage = MemoryStorage()
        self.store = FolderArtifactStore(folder)
        self.audit = Audit(self.storage, self.store)
        fill(self.storage, num_projects=2, num_events=4)
        with self.storage.write() as transaction:
            self.job: Job = transaction.jobs.add(project_id=ONE, kind="ingest", payload={}, created_at=NOW)
        draft = self.store.draft(ONE)
        (draft / "rows").write_bytes(b"rows")
        (draft / "original").write_bytes(b"original")
        self.files = self.store.publish(ONE, draft, room="snapshots")
        self.snapshot = self.add(snapshot(self.files))
        self.schema = self.add(schema(self.snapshot.id), self.snapshot.id)

    def add(self, artifact: Artifact, *parents: ArtifactId) -> ArtifactRecord:
        record = ArtifactRecord(
            project_id=ONE,
            id=artifact.id,
            kind=artifact.kind,
            schema_version=artifact.schema_version,
            content_hash=artifact.content_hash,
            body=artifact.model_dump(mode="json"),
            parents=parents,
            job_id=self.job.id,
            created_at=NOW,
        )
        with self.storage.write() as transaction:
            return transaction.artifacts.add(record)

    def path(self, number: int) -> Path:
        return self.store.project_folder(ONE) / self.files[number].path

    def forge(self, record: ArtifactRecord) -> None:
        """Put a record into the ledger behind its back."""
        state: State = self.storage._state
        state.artifacts[record.project_id, record.id] = record

    def problems(self) -> list[tuple[str, str | None, str]]:
        report = self.audit.verify_artifacts()
        assert report.is_clean is not bool(report.problems)
        return [(str(problem.artifact_id), problem.path, problem.problem) for problem in report.problems]


def snapshot(files: tuple[FileRef, ...]) -> Snapshot:
    return Snapshot(
        files=files,
        locator="data.jsonl",
        format="jsonl",
        encoding="utf-8",
        reading={},
        num_rows=2,
        num_malformed=0,
        columns=("a",),
    )


def schema(snapshot_id: ArtifactId) -> Schema:
    return Schema(snapshot_id=snapshot_id, num_sampled=1, columns=(), hypotheses=(), chosen=None)


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_a_whole_workspace_is_clean(house: House) -> None:
    report = house.audit.verify_artifacts()
    assert report.is_clean
    assert (report.num_artifacts, report.num_files, report.num_bytes) == (2, 2, len(b"rows" + b"original"))
    events = house.audit.verify_events()
    assert (events.is_clean, events.num_events) == (True, 4)


def test_a_project_is_checked_alone(house: House) -> None:
    house.path(0).unlink()
    assert house.audit.verify_artifacts(ProjectId(2)).is_clean
    assert not house.audit.verify_artifacts(ONE).is_clean
    with pytest.raises(NotFoundError):
        house.audit.verify_artifacts(ProjectId(3))


def test_a_missing_file_is_named(house: House) -> None:
    house.path(0).unlink()
    assert house.problems() == [(house.snapshot.id, house.files[0].path, "it is missing")]


def test_a_shorter_file_is_named_with_both_sizes(house: House) -> None:
    house.path(1).unlink()
    house.path(1).write_bytes(b"r")
    ((_, path, problem),) = house.problems()
    assert path == house.files[1].path
    assert problem == "it has 1 bytes, 4 were recorded"


def test_a_changed_byte_is_named(house: House) -> None:
    house.path(1).chmod(0o644)
    house.path(1).write_bytes(b"rowz")
    ((artifact_id, path, problem),) = house.problems()
    assert (artifact_id, path) == (house.snapshot.id, house.files[1].path)
    assert "does not match its hash" in problem


@pytest.mark.parametrize("target", ["/etc/hostname", "../../../outside"])
def test_a_file_that_became_a_link_to_elsewhere_is_named(house: House, tmp_path: Path, target: str) -> None:
    (tmp_path / "outside").write_bytes(b"rows")
    house.path(1).unlink()
    house.path(1).symlink_to(target)
    ((_, path, problem),) = house.problems()
    assert path == house.files[1].path
    assert problem == "it leads out of the project's folder"


def test_a_file_that_became_a_folder_is_named(house: House) -> None:
    house.path(1).unlink()
    house.path(1).mkdir()
    assert [problem for _, _, problem in house.problems()] == ["it is not a file"]


def test_every_problem_is_named_not_only_the_first(house: House) -> None:
    house.path(0).unlink()
    house.path(1).unlink()
    house.forge(house.schema.model_copy(update={"body": {}}))
    assert len(house.problems()) == 3


def test_a_changed_body_is_named(house: House) -> None:
    house.forge(house.schema.model_copy(update={"body": {**house.schema.body, "num_sampled": 2}}))
    ((artifact_id, path, problem),) = house.problems()
    assert (artifact_id, path) == (house.schema.id, None)
    assert "body does not match" in problem


def test_an_id_that_is_not_its_content_is_named(house: House) -> None:
    house.forge(house.schema.model_copy(update={"id": ArtifactId("schema-0123456789abcdef")}))
    assert [each[0] for each in house.problems()] == ["schema-0123456789abcdef"]


def test_a_parent_that_is_gone_is_named(house: House) -> None:
    del house.storage._state.artifacts[ONE, house.snapshot.id]
    ((artifact_id, _, problem),) = house.problems()
    assert artifact_id == house.schema.id
    assert house.snapshot.id in problem


def test_a_file_of_several_artifacts_is_read_once(house: House) -> None:
    other = snapshot(house.files).model_copy(update={"locator": "other.jsonl"})
    house.add(other)
    assert house.audit.verify_artifacts().num_files == 2
    house.path(0).unlink()
    assert {each[0] for each in house.problems()} == {house.snapshot.id, other.id}


def test_two_artifacts_may_disagree_about_a_file(house: House) -> None:
    wrong = house.files[0].model_copy(update={"sha256": hashlib.sha256(b"").hexdigest()})
    other = house.add(snapshot((wrong,)))
    assert [each[0] for each in house.problems()] == [other.id]


def test_the_lineage_leads_up_to_the_snapshot(house: House) -> None:
    child = house.add(schema(house.schema.id), house.schema.id, house.snapshot.id)
    line = house.audit.lineage(ONE, child.id)
    assert [record.id for record in line] == [child.id, house.schema.id, house.snapshot.id]
    with pytest.raises(NotFoundError):
        house.audit.lineage(ONE, ArtifactId("bundle-0"))


def test_events_that_do_not_fit_are_reported(house: House) -> None:
    events = house.storage._state.events
    events[1] = events[1].model_copy(update={"summary": "other"})
    report = house.audit.verify_events()
    assert not report.is_clean
    assert [problem.seq for problem in report.problems] == [2]
