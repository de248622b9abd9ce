"""Artifact rows that were changed by force, seen through the audit of a real workspace."""

from pathlib import Path

import pytest

from brewslm.adapters.files.artifact_store import FileArtifactStore
from brewslm.adapters.sql.storage import SqlStorage
from brewslm.core.artifacts.base import ArtifactRecord
from brewslm.core.errors import ArtifactDamagedError
from brewslm.services.audit.audit import Audit
from tests.fakes.ledger import NOW, fill, record
from tests.unit.adapters.sql.raw import raw


@pytest.fixture
def made(storage: SqlStorage, database: Path) -> tuple[ArtifactRecord, ...]:
    store = FileArtifactStore(database.parent)
    (project,) = fill(storage)
    draft = store.draft(project.id)
    (draft / "rows").write_bytes(b"rows" * 1000)
    refs = store.publish(project.id, draft, room="snapshots")
    with storage.write() as transaction:
        job = transaction.jobs.add(project_id=project.id, kind="ingest", payload={}, created_at=NOW)
        snapshot = record(job, {"files": [ref.model_dump() for ref in refs]})
        schema = record(job, {"files": [], "n": 1}, kind="schema", parents=(snapshot.id,))
        return transaction.artifacts.add(snapshot), transaction.artifacts.add(schema)


@pytest.fixture
def audit(storage: SqlStorage, database: Path) -> Audit:
    return Audit(storage, FileArtifactStore(database.parent))


def test_a_real_workspace_is_clean(audit: Audit, made: tuple[ArtifactRecord, ...]) -> None:
    report = audit.verify_artifacts()
    assert report.is_clean, report.problems
    assert (report.num_artifacts, report.num_files, report.num_bytes) == (2, 1, 4000)
    assert audit.lineage(made[1].project_id, made[1].id) == (made[1], made[0])


@pytest.mark.parametrize(
    "body",
    [
        '{"files":[],"n":2}',
        '{"files": [], "n": 1}',
        '{"n":1,"files":[]}',
        '{"files":[],"n":NaN}',
        r'{"files":[],"n":"\ud800"}',
        "not json",
        "7",
        "",
    ],
)
def test_a_changed_body_is_named_whatever_it_became(
    audit: Audit, made: tuple[ArtifactRecord, ...], database: Path, body: str
) -> None:
    with raw(database) as connection:
        connection.execute("UPDATE artifacts SET body = ? WHERE kind = 'schema'", (body,))
    (problem,) = audit.verify_artifacts().problems
    assert (problem.artifact_id, problem.path) == (made[1].id, None)


@pytest.mark.parametrize("change", ["schema_version = 2", "content_hash = 'f'", "kind = 'mapping'"])
def test_a_changed_column_is_named(audit: Audit, made: tuple[ArtifactRecord, ...], database: Path, change: str) -> None:
    with raw(database) as connection:
        connection.execute(f"UPDATE artifacts SET {change} WHERE kind = 'schema'")
    assert [problem.artifact_id for problem in audit.verify_artifacts().problems] == [made[1].id]


def test_a_row_that_is_no_artifact_any_more_is_named(
    audit: Audit, made: tuple[ArtifactRecord, ...], database: Path
) -> None:
    with raw(database) as connection:
        connection.execute("UPDATE artifacts SET kind = 'cake' WHERE kind = 'schema'")
    with pytest.raises(ArtifactDamagedError, match=made[1].id):
        audit.verify_artifacts()


def test_an_artifact_that_was_deleted_is_missed_by_its_children(
    audit: Audit, made: tuple[ArtifactRecord, ...], database: Path
) -> None:
    with raw(database) as connection:
        connection.execute("DELETE FROM artifacts WHERE kind = 'snapshot'")
    (problem,) = audit.verify_artifacts().problems
    assert problem.artifact_id == made[1].id
    assert made[0].id in problem.problem
