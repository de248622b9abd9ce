"""The ledger in memory: a transaction works on a copy, and a commit swaps it in."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from brewslm.core.events.base import FIRST_HASH, event_hash
from brewslm.core.ports.storage import ChainProblem, Transaction
from tests.fakes.backlog import MemoryBacklogRows
from tests.fakes.notices import MemoryNotificationRows, MemoryOutboxRows
from tests.fakes.rows import (
    MemoryArtifactRows,
    MemoryEventRows,
    MemoryExperimentRows,
    MemoryGateModeRows,
    MemoryGateRows,
    MemoryJobRows,
    MemoryKeyRows,
    MemoryMetricRows,
    MemoryMonitorRows,
    MemoryProjectRows,
    MemoryReleaseRows,
    MemoryWatcherRows,
    State,
)


@dataclass
class MemoryTransaction:
    """Implements `Transaction`."""

    projects: Any
    jobs: Any
    artifacts: Any
    events: Any
    metrics: Any
    experiments: Any
    releases: Any
    keys: Any
    gates: Any
    gate_modes: Any
    notifications: Any
    outbox: Any
    monitors: Any
    watchers: Any
    backlog: Any

    @classmethod
    def on(cls, state: State) -> "MemoryTransaction":
        return cls(
            projects=MemoryProjectRows(state),
            jobs=MemoryJobRows(state),
            artifacts=MemoryArtifactRows(state),
            events=MemoryEventRows(state),
            metrics=MemoryMetricRows(state),
            experiments=MemoryExperimentRows(state),
            releases=MemoryReleaseRows(state),
            keys=MemoryKeyRows(state),
            gates=MemoryGateRows(state),
            gate_modes=MemoryGateModeRows(state),
            notifications=MemoryNotificationRows(state),
            outbox=MemoryOutboxRows(state),
            monitors=MemoryMonitorRows(state),
            watchers=MemoryWatcherRows(state),
            backlog=MemoryBacklogRows(state),
        )


class MemoryStorage:
    """Implements `Storage`. One thread writes at a time; readers see the last commit."""

    def __init__(self) -> None:
        self._state = State()
        self._num_commits = 0
        self._write_lock = threading.Lock()
        self._writing_thread: int | None = None

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        if self._writing_thread == threading.get_ident():
            raise RuntimeError("write() inside write(): the inner one would wait for the outer one")
        with self._write_lock:
            self._writing_thread = threading.get_ident()
            try:
                state = self._state.copy()
                yield MemoryTransaction.on(state)
                self._state = state
                self._num_commits += 1
            finally:
                self._writing_thread = None

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        before = self._state
        view = before.copy()
        yield MemoryTransaction.on(view)
        if view != before:
            raise RuntimeError("a reading transaction was asked to write")

    def stamp(self) -> object:
        return self._num_commits

    def verify_events(self) -> tuple[int, tuple[ChainProblem, ...]]:
        problems = []
        hashes: dict[int | None, str] = {}
        for number, event in enumerate(self._state.events, start=1):
            prev_hash = hashes.get(event.project_id, FIRST_HASH)
            expected = event_hash(event, seq=number, recorded_at=event.recorded_at, prev_hash=prev_hash)
            if (event.seq, event.prev_hash, event.hash) != (number, prev_hash, expected):
                problems.append(ChainProblem(seq=event.seq, project_id=event.project_id, problem="does not fit"))
            hashes[event.project_id] = event.hash
        return len(self._state.events), tuple(problems)
