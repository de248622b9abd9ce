"""The backlog in every ledger."""

import pytest

from brewslm.core.backlog.entry import BacklogEntry, BacklogFinding, BacklogState, Evidence
from brewslm.core.errors import ConflictError, NotFoundError
from brewslm.core.ids import ProjectId
from brewslm.core.ports.storage import Storage
from tests.fakes.ledger import NOW, fill


def entry(project_id: ProjectId, key: str) -> BacklogEntry:
    finding = BacklogFinding(
        key=key,
        kind="slice",
        title="label=ü fails",
        seen="3 of 4",
        effect="some",
        share=0.25,
        is_measured=True,
        source="eval_report-0",
        evidence=(Evidence(kind="artifact", id="eval_report-0", said="here"),),
        action="brewslm eval review",
    )
    return BacklogEntry(
        project_id=project_id,
        number=0,
        finding=finding,
        opened_at=NOW,
        opened_in="eval_report-0",
        changed_at=NOW,
        actor="backlog",
    )


def test_entries_are_numbered_by_project_and_known_by_their_key(storage: Storage) -> None:
    one, other = fill(storage, num_projects=2)
    with storage.write() as transaction:
        added = [
            transaction.backlog.add(entry(project.id, key)) for project, key in ((one, "a"), (one, "b"), (other, "a"))
        ]
        assert [kept.number for kept in added] == [1, 2, 1]
        with pytest.raises(ConflictError, match="'a'"):
            transaction.backlog.add(entry(one.id, "a"))
    with storage.read() as transaction:
        assert transaction.backlog.list(one.id) == tuple(added[:2])
        assert transaction.backlog.get(other.id, 1) == added[2]
        with pytest.raises(NotFoundError, match="no entry 3"):
            transaction.backlog.get(one.id, 3)


def test_an_entry_changes_only_as_its_states_may(storage: Storage) -> None:
    (project,) = fill(storage)
    with storage.write() as transaction:
        kept = transaction.backlog.add(entry(project.id, "a"))
        closed = kept.model_copy(update={"state": BacklogState.CLOSED, "note": "mended"})
        assert transaction.backlog.put(closed) == closed
        with pytest.raises(ValueError, match="cannot become taken"):
            transaction.backlog.put(closed.model_copy(update={"state": BacklogState.TAKEN}))
        with pytest.raises(NotFoundError):
            transaction.backlog.put(closed.model_copy(update={"number": 9}))
    with storage.read() as transaction:
        assert transaction.backlog.list(project.id) == (closed,)
